//! A simulated phone: what it received, and how it behaves.

use std::collections::VecDeque;

use offhook_carriers::texting::OutboundMedia;
use offhook_model::{id::MessageId, message::Channel};
use serde_json::Value as Json;

use super::outcome::Outcome;

/// Messages a phone keeps; the oldest go first.
const INBOX: usize = 200;

/// A message that reached a phone.
#[derive(Debug, Clone, PartialEq)]
pub struct Landed {
    /// The network's name of it.
    pub carrier_id: String,
    /// The sender's id of it.
    pub reference: MessageId,
    /// Who sent it.
    pub from: String,
    /// How it travelled.
    pub channel: Channel,
    /// The words.
    pub body: String,
    /// Media.
    pub media: Vec<OutboundMedia>,
    /// The group it was sent to.
    pub group: Option<String>,
    /// iMessage effect.
    pub send_style: Option<String>,
    /// The network's id of the message it answers.
    pub reply_to: Option<String>,
    /// WhatsApp's rich content.
    pub content: Option<Json>,
}

/// How a phone behaves; what is none follows the rule of its number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Setting {
    /// What becomes of texts to it.
    pub outcome: Option<Outcome>,
    /// Whether it has iMessage.
    pub imessage: Option<bool>,
    /// Whether it has WhatsApp.
    pub whatsapp: Option<bool>,
    /// Whether it has RCS.
    pub rcs: Option<bool>,
    /// Of a line of ours: whether it takes any emoji as a reaction.
    pub emoji_reactions: Option<bool>,
}

#[derive(Debug, Default)]
pub(super) struct Handset {
    pub(super) inbox: VecDeque<Landed>,
    pub(super) setting: Setting,
    /// The later it was used, the larger.
    pub(super) used: u64,
}

impl Handset {
    pub(super) fn land(&mut self, message: Landed) {
        if self.inbox.len() >= INBOX {
            self.inbox.pop_front();
        }
        self.inbox.push_back(message);
    }
}
