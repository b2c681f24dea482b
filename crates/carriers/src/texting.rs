//! Messages: what a carrier does with ours, and what it tells us.
//!
//! A carrier that carries none answers `None` to
//! [`Carrier::texting`](crate::Carrier::texting). What only some networks can
//! do has a default that says so.

use std::time::Duration;

use offhook_model::{
    Timestamp,
    address::Address,
    e164::E164,
    id::{AccountId, MessageId},
    message::{Channel, MessageStatus},
};
use serde_json::Value as Json;

use crate::{BoxFuture, CarrierError};

/// Whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// One person.
    Person(Address),
    /// A group the carrier knows, by the carrier's own name of it.
    Group(String),
    /// People who are to become a group.
    NewGroup(Vec<Address>),
}

/// A picture or file on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundMedia {
    /// Where the carrier can fetch it, without a key.
    pub url: String,
    /// Its media type.
    pub content_type: String,
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboundText {
    /// Our id, which comes back in [`Receipt::reference`] where the network can
    /// carry one.
    pub reference: MessageId,
    /// Whose message it is; none for the platform's own.
    pub account_id: Option<AccountId>,
    /// Our number.
    pub from: E164,
    /// Whom it is for.
    pub to: Recipient,
    /// How it is to travel.
    pub channel: Channel,
    /// The words.
    pub body: String,
    /// Media, in order.
    pub media: Vec<OutboundMedia>,
    /// iMessage effect.
    pub send_style: Option<String>,
    /// The carrier's id of the message it answers.
    pub reply_to: Option<String>,
    /// WhatsApp's buttons, list, link or template, as the contract writes them.
    pub content: Option<Json>,
}

/// What came of handing a message over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// The carrier has it.
    Accepted {
        /// The carrier's name of it.
        carrier_id: String,
        /// The carrier's name of the group, when one was made.
        group: Option<String>,
    },
    /// The carrier will not have it. Nothing left.
    Refused {
        /// The carrier's code.
        code: String,
        /// Why, in words.
        reason: String,
    },
    /// Nobody knows: handed over, but never answered for. It must not be
    /// handed over again.
    Unconfirmed,
    /// The carrier could not be reached. For certain nothing left, so that
    /// it may be tried again.
    Unavailable,
}

/// A tapback, or one emoji, of ours on somebody's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundReaction {
    /// Our number.
    pub from: E164,
    /// Whose conversation.
    pub to: Recipient,
    /// Its network.
    pub channel: Channel,
    /// The carrier's id of the message reacted to.
    pub message: String,
    /// `love`, `like`, … or one emoji.
    pub reaction: String,
}

/// What can reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// By iMessage.
    pub imessage: bool,
    /// By SMS.
    pub sms: bool,
    /// By WhatsApp.
    pub whatsapp: bool,
    /// By RCS.
    pub rcs: bool,
}

/// What a line's owner shows to iMessage recipients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutboundCard {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// A picture's address.
    pub image_url: Option<String>,
}

/// What is known of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberFacts {
    /// The number.
    pub number: E164,
    /// `mobile`, `landline`, `voip`; none when unknown.
    pub line_type: Option<&'static str>,
    /// Two letters, when known.
    pub country: Option<String>,
    /// Whether it takes RCS.
    pub is_rcs: bool,
}

/// Somebody's message to one of our numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundText {
    /// The carrier's name of it: what comes twice is dropped by it.
    pub carrier_id: String,
    /// Who wrote, as the carrier writes it.
    pub from: String,
    /// Our number.
    pub to: E164,
    /// How it travelled.
    pub channel: Channel,
    /// The words.
    pub body: String,
    /// Where its media can be fetched.
    pub media_urls: Vec<String>,
    /// The group it was written to.
    pub group: Option<InboundGroup>,
    /// The carrier's id of the message it answers.
    pub reply_to: Option<String>,
}

/// A group as its carrier tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundGroup {
    /// The carrier's name of it.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its picture.
    pub icon_url: Option<String>,
    /// Its members but us: identifier, and a name where one is known.
    pub members: Vec<(String, Option<String>)>,
}

/// What became of a message of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The carrier's id, once it gave one.
    pub carrier_id: Option<String>,
    /// Our id, where the network carries one: it finds messages whose
    /// hand-over was never answered.
    pub reference: Option<MessageId>,
    /// `Delivered`, `Read`, `Failed`, or `Sent` for what was in doubt.
    pub status: MessageStatus,
    /// How it arrived, when that may differ.
    pub channel: Option<Channel>,
    /// The carrier's code of a failure.
    pub code: Option<String>,
    /// A failure in words.
    pub reason: Option<String>,
    /// When; none: now.
    pub at: Option<Timestamp>,
}

/// Somebody's reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundReaction {
    /// The carrier's name of the reaction.
    pub carrier_id: String,
    /// The carrier's id of the message reacted to.
    pub message: String,
    /// Who.
    pub from: String,
    /// Our number.
    pub to: E164,
    /// The network.
    pub channel: Channel,
    /// `love`, `like`, … or an emoji.
    pub reaction: String,
}

/// Contacts somebody sent to one of our numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundContacts {
    /// The carrier's name of it.
    pub carrier_id: String,
    /// Who shared them.
    pub from: String,
    /// Our number.
    pub to: E164,
    /// The network.
    pub channel: Channel,
    /// What they shared.
    pub contacts: Vec<SharedContact>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SharedContact {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The name as a whole.
    pub display_name: Option<String>,
    /// Numbers.
    pub phone_numbers: Vec<String>,
    /// Mail addresses.
    pub emails: Vec<String>,
}

/// Where somebody who shares it is.
#[derive(Debug, Clone, PartialEq)]
pub struct LocationUpdate {
    /// Who.
    pub from: String,
    /// Our number.
    pub to: E164,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// When it was so.
    pub at: Option<Timestamp>,
}

/// What a carrier tells us unasked.
#[derive(Debug, Clone, PartialEq)]
pub enum CarrierEvent {
    /// A message arrived.
    Text(InboundText),
    /// A message of ours got on.
    Receipt(Receipt),
    /// A reaction arrived.
    Reaction(InboundReaction),
    /// Contacts arrived.
    Contacts(InboundContacts),
    /// A shared location moved.
    Location(LocationUpdate),
}

/// A carrier that carries messages.
pub trait Texting: Send + Sync {
    /// Which channels a line of ours has, WhatsApp's binding aside: that is
    /// the account's, not the line's. `is_imessage` is how it was bought.
    fn channels(&self, line: &E164, is_imessage: bool) -> Vec<Channel>;

    /// Hands a message over. Must not take longer than its own time limit,
    /// and must not answer [`Submission::Unavailable`] unless nothing left.
    fn send<'a>(&'a self, text: &'a OutboundText) -> BoxFuture<'a, Submission>;

    /// What can reach a person, asked of the networks now, for this account;
    /// nothing is sent.
    fn check_capabilities<'a>(
        &'a self,
        account: &'a AccountId,
        person: &'a Address,
    ) -> BoxFuture<'a, Result<Capabilities, CarrierError>>;

    /// The next thing the carrier tells. Waits while there is nothing; may be
    /// dropped and asked again without losing any. A carrier whose news come
    /// over a route of ours never answers.
    fn next_event(&self) -> BoxFuture<'_, CarrierEvent> {
        Box::pin(std::future::pending())
    }

    /// What is known of some numbers, in their order.
    fn lookup<'a>(&'a self, numbers: &'a [E164]) -> BoxFuture<'a, Result<Vec<NumberFacts>, CarrierError>> {
        let _ = numbers;
        unsupported("number lookup")
    }

    /// Reacts to a message.
    fn react<'a>(&'a self, reaction: &'a OutboundReaction) -> BoxFuture<'a, Submission> {
        let _ = reaction;
        Box::pin(async {
            Submission::Refused { code: "unsupported".to_owned(), reason: "no reactions".to_owned() }
        })
    }

    /// Whether a line's reactions may be any emoji, beyond the six tapbacks.
    fn has_emoji_reactions(&self, line: &E164) -> bool {
        let _ = line;
        false
    }

    /// Shows the bubble of somebody who types; it goes by itself.
    fn typing<'a>(&'a self, from: &'a E164, to: &'a Recipient) -> BoxFuture<'a, Result<(), CarrierError>> {
        let _ = (from, to);
        unsupported("typing indicators")
    }

    /// Sets a chat's background picture.
    fn set_background<'a>(
        &'a self,
        from: &'a E164,
        to: &'a Address,
        image: &'a OutboundMedia,
    ) -> BoxFuture<'a, Result<(), CarrierError>> {
        let _ = (from, to, image);
        unsupported("chat backgrounds")
    }

    /// Takes a chat's background picture away.
    fn clear_background<'a>(
        &'a self,
        from: &'a E164,
        to: &'a Address,
    ) -> BoxFuture<'a, Result<(), CarrierError>> {
        let _ = (from, to);
        unsupported("chat backgrounds")
    }

    /// Renames a group, by the carrier's name of it.
    fn rename_group<'a>(
        &'a self,
        from: &'a E164,
        group: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<(), CarrierError>> {
        let _ = (from, group, name);
        unsupported("group names")
    }

    /// Changes what iMessage recipients see of a line.
    fn push_card<'a>(
        &'a self,
        line: &'a E164,
        card: &'a OutboundCard,
    ) -> BoxFuture<'a, Result<(), CarrierError>> {
        let _ = (line, card);
        unsupported("contact cards")
    }

    /// Asks for fresh shared locations; they come as
    /// [`CarrierEvent::Location`]. Answers after what time to look.
    fn refresh_locations<'a>(&'a self, line: &'a E164) -> BoxFuture<'a, Result<Duration, CarrierError>> {
        let _ = line;
        unsupported("shared locations")
    }
}

fn unsupported<T: Send + 'static>(what: &'static str) -> BoxFuture<'static, Result<T, CarrierError>> {
    Box::pin(async move { Err(CarrierError::Unsupported { carrier: "the carrier", what }) })
}
