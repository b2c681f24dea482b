//! Text messages (contract §6, `messaging-behaviour.md`).

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{
    Timestamp,
    agent::words,
    id::{AccountId, AgentId, ConversationId, MediaId, MessageId, NumberId},
};

words! {
    /// How a message travels.
    Channel {
        /// A text of the phone network.
        #[default] Sms = "sms",
        /// A text with media of the phone network.
        Mms = "mms",
        /// Apple's network.
        Imessage = "imessage",
        /// WhatsApp.
        Whatsapp = "whatsapp",
        /// Rich communication services; read, never chosen.
        Rcs = "rcs",
    }
    /// Which way a message went.
    MessageDirection {
        /// To one of our numbers.
        #[default] Inbound = "inbound",
        /// From one of our numbers.
        Outbound = "outbound",
    }
    /// Where a message stands, as it is stored.
    MessageStatus {
        /// Accepted, not yet at the carrier.
        #[default] Queued = "queued",
        /// At the carrier, as far as anybody can tell; nothing is known for
        /// certain, and it is never sent again. Clients see `sent` and a reason.
        Unconfirmed = "unconfirmed",
        /// The carrier has it.
        Sent = "sent",
        /// The phone has it.
        Delivered = "delivered",
        /// It was read.
        Read = "read",
        /// It will not arrive.
        Failed = "failed",
        /// An inbound one.
        Received = "received",
    }
    /// The networks whose threads are kept apart.
    Network {
        /// SMS, MMS, iMessage and RCS: one thread per person.
        #[default] Native = "native",
        /// WhatsApp: a thread of its own.
        Whatsapp = "whatsapp",
    }
}

impl Channel {
    /// The network whose thread it belongs to.
    #[must_use]
    pub fn network(self) -> Network {
        if self == Self::Whatsapp { Network::Whatsapp } else { Network::Native }
    }

    /// Whether it is a text of the phone network, which carriers bill by
    /// segment and to which registration and opt-out words apply.
    #[must_use]
    pub fn is_phone(self) -> bool {
        matches!(self, Self::Sms | Self::Mms)
    }
}

impl MessageStatus {
    /// Whether a report of `next` may replace this status. Reports come late
    /// and out of order; a status never moves backwards, and neither what was
    /// delivered nor what failed for good becomes the other.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        let rank = |status: Self| match status {
            Self::Queued => 0,
            Self::Unconfirmed => 1,
            Self::Sent => 2,
            Self::Delivered | Self::Failed => 3,
            Self::Read => 4,
            Self::Received => 5,
        };
        let read_after_all = self == Self::Failed && next == Self::Read;
        rank(next) > rank(self) && next != Self::Received && !read_after_all
    }

    /// The word clients see.
    #[must_use]
    pub fn shown(self) -> &'static str {
        if self == Self::Unconfirmed { Self::Sent.as_str() } else { self.as_str() }
    }
}

/// A picture, film or file of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageMedia {
    /// What clients are shown: what the sender gave on outbound messages, our
    /// own copy's address on inbound ones.
    pub url: String,
    /// Our copy; none where the carrier's address is all there is.
    pub id: Option<MediaId>,
    /// Its media type, e.g. `image/jpeg`.
    pub content_type: String,
}

/// A message as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its owner.
    pub account_id: AccountId,
    /// Its thread.
    pub conversation_id: ConversationId,
    /// Our number's id.
    pub number_id: NumberId,
    /// The agent of the number at that time.
    pub agent_id: Option<AgentId>,
    /// Which way it went.
    pub direction: MessageDirection,
    /// How it travelled.
    pub channel: Channel,
    /// The sender: a number, a short code, or a mail address.
    pub from: String,
    /// The recipient: as `from`, or a group's id.
    pub to: String,
    /// Who of a group wrote it; none outside groups and on our own.
    pub sender: Option<String>,
    /// The words; empty for media only.
    pub body: String,
    /// Media, in order.
    pub media: Vec<MessageMedia>,
    /// WhatsApp's rich content (`{"buttons": …}`, `{"list": …}`, `{"cta": …}`,
    /// `{"template": …}`).
    pub content: Option<Json>,
    /// iMessage effect.
    pub send_style: Option<String>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// The carrier's name of it.
    pub carrier_id: Option<String>,
    /// Segments of the phone network; 0 on other channels.
    pub segments: u32,
    /// Whether the platform wrote it: unbilled.
    pub is_automatic: bool,
    /// Where it stands.
    pub status: MessageStatus,
    /// Why it failed, in words.
    pub failure_reason: Option<String>,
    /// Why it failed, the provider's code.
    pub error_code: Option<String>,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
    /// How it arrived, which may differ from how it was sent.
    pub delivered_channel: Option<Channel>,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// When it was accepted or received; the order of lists.
    pub at: Timestamp,
}

impl Message {
    /// The addresses of its media as clients see them.
    #[must_use]
    pub fn media_urls(&self) -> Vec<String> {
        self.media.iter().map(|media| media.url.clone()).collect()
    }
}

/// Characters of `lastMessagePreview`.
const PREVIEW_CHARS: usize = 100;

/// How a message begins, for lists; `[media]` when it has no words.
#[must_use]
pub fn preview(body: &str, has_media: bool) -> String {
    let start: String = body.chars().take(PREVIEW_CHARS).collect();
    if start.trim().is_empty() && has_media { "[media]".to_owned() } else { start }
}

/// How long free messages may go out on WhatsApp after the other side wrote.
const WINDOW_MS: i64 = 24 * 3600 * 1000;

/// When WhatsApp's window closes: 24 hours after the other side last wrote;
/// none when it never did (`messaging-behaviour.md` §6).
#[must_use]
pub fn window_end(last_inbound_at: Option<Timestamp>) -> Option<Timestamp> {
    let end = last_inbound_at?.as_millisecond().saturating_add(WINDOW_MS);
    Timestamp::from_millisecond(end).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use MessageStatus::{Delivered, Failed, Queued, Read, Received, Sent, Unconfirmed};

    #[test]
    fn a_status_never_moves_backwards() {
        for (from, to) in [
            (Queued, Sent),
            (Queued, Delivered),
            (Queued, Unconfirmed),
            (Unconfirmed, Sent),
            (Unconfirmed, Failed),
            (Sent, Delivered),
            (Sent, Failed),
            (Delivered, Read),
        ] {
            assert!(from.may_become(to) && !to.may_become(from), "{from:?} {to:?}");
        }
        for (from, to) in [(Delivered, Failed), (Failed, Delivered), (Failed, Read), (Read, Delivered)] {
            assert!(!from.may_become(to), "{from:?} {to:?}");
        }
        for status in [Queued, Unconfirmed, Sent, Delivered, Read, Failed, Received] {
            assert!(!status.may_become(status) && !status.may_become(Received));
            assert!(!Received.may_become(status));
        }
    }

    #[test]
    fn previews_are_short_and_name_media() {
        assert_eq!(preview(&"é".repeat(101), false).chars().count(), 100);
        assert_eq!(preview("", true), "[media]");
        assert_eq!(preview("", false), "");
        assert_eq!(preview("Look", true), "Look");
    }
}
