//! Somebody's message arrives (contract `messaging-behaviour.md` §11).

use offhook_carriers::texting::{InboundGroup, InboundText};
use offhook_model::{
    Timestamp,
    address::Address,
    id::{ConversationId, GroupId, MessageId},
    message::{Channel, Message, MessageDirection, MessageStatus},
    number::Number,
    segments,
};
use offhook_store::{KeywordEffect, NewArrival, Received, ThreadKey, With};
use serde_json::json;

use super::Outcome;
use crate::{
    app::App,
    error::ApiError,
    messaging::{
        event::Teller,
        keywords::Keyword,
        media::{self, Copies},
        usage,
    },
};

/// Longest sender that is kept; no network has longer ones.
const SENDER_CHARS: usize = 254;
/// Longest words that are kept of a message.
const BODY_CHARS: usize = 100_000;
/// Most media of one message.
const MEDIA: usize = 20;

/// Stores a message that arrived, its event with it. One to no number of ours
/// is dropped.
pub(super) async fn receive(app: &App, text: InboundText) -> Result<Outcome, ApiError> {
    let Some(route) = app.store().route(&text.to).await? else {
        metrics::counter!("offhook_messages_dropped_total", "why" => "no_number").increment(1);
        return Ok(Outcome::Unknown);
    };
    let number = route.number;
    let from = sender(&text.from);
    let teller = Teller::find(app, &number, &from, text.reply_to.as_deref()).await?;
    let urls: Vec<String> = text.media_urls.iter().take(MEDIA).cloned().collect();
    let copies = media::fetch_inbound(app, &number.account_id, &urls).await;
    let arriving = Arriving { app, number: &number, text: &text, from: &from };
    let mut stored = Vec::new();
    let mut outcome = Outcome::Known;
    // A carousel arrives as one message per picture.
    for (part, copies) in arriving.parts(copies).into_iter().enumerate() {
        let files = copies.stored.clone();
        let part = u32::try_from(part).unwrap_or(u32::MAX);
        let received = app.store().receive_message(arriving.arrival(copies, part, &teller)).await;
        // Not when the store failed: its commit may have gone through.
        if received.as_ref().is_ok_and(|received| !matches!(received, Received::Stored { .. })) {
            media::discard(app, &files).await;
        }
        match received? {
            Received::Stored { arrival, event, is_answered } => {
                let channel = arrival.message.channel.as_str();
                metrics::counter!("offhook_messages_received_total", "channel" => channel).increment(1);
                tracing::info!(message.id = %arrival.message.id, channel, "message received");
                stored.push(arrival.message.id);
                if event.is_some() {
                    app.calls().outbox.notify_one();
                }
                if is_answered {
                    app.messaging().queue.notify_one();
                }
            }
            Received::Duplicate => {
                metrics::counter!("offhook_messages_dropped_total", "why" => "duplicate").increment(1);
            }
            Received::NumberGone => outcome = Outcome::Unknown,
        }
    }
    Ok(if stored.is_empty() { outcome } else { Outcome::Stored(stored) })
}

/// The sender as everything else writes it; what no rule covers, such as an
/// alphanumeric sender, as the carrier wrote it.
pub(super) fn sender(from: &str) -> String {
    match Address::parse(from) {
        Ok(address) => address.to_string(),
        Err(_) => from.trim().chars().take(SENDER_CHARS).collect(),
    }
}

struct Arriving<'a> {
    app: &'a App,
    number: &'a Number,
    text: &'a InboundText,
    from: &'a str,
}

impl Arriving<'_> {
    /// The media of each message it becomes.
    fn parts(&self, copies: Copies) -> Vec<Copies> {
        let is_carousel =
            matches!(self.text.channel, Channel::Imessage | Channel::Whatsapp) && copies.len() > 1;
        if is_carousel { copies.each() } else { vec![copies] }
    }

    fn arrival(&self, copies: Copies, part: u32, teller: &Teller) -> NewArrival {
        let now = self.app.now();
        let stored = copies.stored.clone();
        let message = self.message(copies, part, teller, now);
        NewArrival {
            keyword: (part == 0).then(|| self.keyword(&message)).flatten(),
            charge: usage::inbound(self.app, &message),
            part,
            thread: self.thread(now),
            media: stored,
            history: teller.history(),
            tell: teller.tell(now),
            message,
        }
    }

    fn message(&self, copies: Copies, part: u32, teller: &Teller, now: Timestamp) -> Message {
        let text = self.text;
        // A picture makes a text a multimedia message.
        let channel = match text.channel {
            Channel::Sms if !copies.shown.is_empty() => Channel::Mms,
            channel => channel,
        };
        let body: String = match part {
            0 => text.body.chars().filter(|c| *c != '\0').take(BODY_CHARS).collect(),
            _ => String::new(),
        };
        Message {
            id: MessageId::new(now, rand::random()),
            account_id: self.number.account_id.clone(),
            // The transaction sets thread and agent.
            conversation_id: "".into(),
            number_id: self.number.id.clone(),
            agent_id: None,
            direction: MessageDirection::Inbound,
            channel,
            from: self.from.to_owned(),
            to: self.number.phone_number.to_string(),
            sender: text.group.as_ref().map(|_| self.from.to_owned()),
            segments: if channel.is_phone() { segments::count(&body) } else { 0 },
            body,
            media: copies.shown,
            content: None,
            send_style: None,
            reply_to: teller.reply_to().cloned(),
            carrier_id: Some(text.carrier_id.clone()),
            is_automatic: false,
            status: MessageStatus::Received,
            failure_reason: None,
            error_code: None,
            delivered_at: None,
            delivered_channel: None,
            read_at: None,
            at: now,
        }
    }

    fn thread(&self, now: Timestamp) -> ThreadKey {
        let with = match &self.text.group {
            None => With::Person(self.from.to_owned()),
            Some(group) => With::CarrierGroup {
                carrier_group: Some(group.id.clone()),
                new_id: GroupId::new(now, rand::random()),
                name: group.name.clone(),
                icon_url: group.icon_url.clone(),
                participants: members(group),
            },
        };
        ThreadKey {
            account_id: self.number.account_id.clone(),
            number_id: self.number.id.clone(),
            phone_number: self.number.phone_number.to_string(),
            network: self.text.channel.network(),
            with,
            new_id: ConversationId::new(now, rand::random()),
        }
    }

    /// What an opt-out word does; such words count on the phone network, from
    /// one person.
    fn keyword(&self, message: &Message) -> Option<KeywordEffect> {
        if !message.channel.is_phone() || self.text.group.is_some() {
            return None;
        }
        let (keyword, word) = Keyword::of(&message.body)?;
        let reply = Box::new(self.reply(keyword));
        let word = word.to_owned();
        Some(match keyword {
            Keyword::Stop => KeywordEffect::OptOut {
                keyword: word,
                reply,
                reason: "The recipient has opted out of messages from this number".to_owned(),
            },
            Keyword::Start => KeywordEffect::OptIn { keyword: word, reply },
            Keyword::Help => KeywordEffect::Help { reply },
        })
    }

    fn reply(&self, keyword: Keyword) -> Message {
        // A moment later than what it answers, in every list.
        let now = self.app.now();
        let now = Timestamp::from_millisecond(now.as_millisecond().saturating_add(1)).unwrap_or(now);
        let body = keyword.reply();
        Message {
            id: MessageId::new(now, rand::random()),
            account_id: self.number.account_id.clone(),
            conversation_id: "".into(),
            number_id: self.number.id.clone(),
            agent_id: None,
            direction: MessageDirection::Outbound,
            channel: Channel::Sms,
            from: self.number.phone_number.to_string(),
            to: self.from.to_owned(),
            sender: None,
            body: body.to_owned(),
            media: Vec::new(),
            content: None,
            send_style: None,
            reply_to: None,
            carrier_id: None,
            segments: segments::count(body),
            is_automatic: true,
            status: MessageStatus::Queued,
            failure_reason: None,
            error_code: None,
            delivered_at: None,
            delivered_channel: None,
            read_at: None,
            at: now,
        }
    }
}

/// A group's members as threads and events show them.
fn members(group: &InboundGroup) -> serde_json::Value {
    let member = |(identifier, name): &(String, Option<String>)| json!({"identifier": sender(identifier), "name": name});
    group.members.iter().map(member).collect()
}
