//! A message of ours, from wish to acceptance (contract §6.1).
//!
//! 1. who sends, to whom, how: [`sender`], [`blocked`], [`channel`];
//! 2. what does not fit the channel is refused, or dropped where the contract
//!    says so ([`Draft`]);
//! 3. media are fetched and kept ([`media`]);
//! 4. one transaction stores everything, or refuses ([`offhook_store::Store::send_message`]);
//! 5. the message is handed over, or waits for its turn ([`submit`]).

use http::StatusCode;
use offhook_carriers::Texting;
use offhook_model::{
    Timestamp,
    address::Address,
    id::{AccountId, ConversationId, GroupId, MessageId},
    message::{Channel, Message, MessageDirection, MessageStatus, Network},
    number::Number,
    segments,
};
use offhook_store::{Conversation, NewSend, Sending, ThreadKey, With};
use serde::Serialize;
use serde_json::json;

use super::{
    blocked, channel,
    media::{self, Copies},
    registration,
    sender::{self, Sender},
    submit, usage,
    whatsapp::{self, Content},
};
use crate::{app::App, error::ApiError, idempotency::promise};

/// Longest text of the phone network, in characters (`messaging-behaviour.md` §5).
pub const TEXT_CHARS: usize = 1600;

/// A message to be sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewMessage {
    /// Who sends it.
    pub sender: Sender,
    /// Whom it is for; several make a new group.
    pub to: Vec<Address>,
    /// The words.
    pub body: String,
    /// Addresses of its media.
    pub media_urls: Vec<String>,
    /// Whether it goes by WhatsApp.
    pub whatsapp: bool,
    /// WhatsApp's rich content.
    pub content: Option<Content>,
    /// iMessage effect.
    pub send_style: Option<String>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
}

/// An accepted message.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// As it is stored.
    pub message: Message,
    /// Its thread.
    pub conversation: Conversation,
    /// Whether the reference to the answered message was left out; none where
    /// nothing was answered.
    pub reply_parent_unresolved: Option<bool>,
}

/// Sends a message; `view` shows it as the request is answered.
///
/// # Errors
/// Every refusal of contract §6.1: see the steps above. 409
/// `DELIVERY_UNCONFIRMED` and 502 mean that the message is stored; only the
/// former may have left.
pub async fn send<V: Serialize>(
    app: &App,
    account: &AccountId,
    new: NewMessage,
    view: impl Fn(Sent) -> V + Send + Sync + 'static,
) -> Result<Sent, ApiError> {
    app.store_health().check()?;
    if new.to.iter().any(|to| blocked::is_blocked(to.as_str())) {
        return Err(refuse_destination());
    }
    let texting = texting(app)?;
    let number = sender::resolve(app, account, &new.sender, &new.to).await?;
    let draft = Draft::make(app, texting, &number, new).await?;
    if draft.channel.is_phone() {
        registration::require(app, &number).await?;
    }
    let copies = media::fetch_outbound(app, &draft.media_urls).await?;
    let stored = copies.stored.clone();
    let spacing = draft.channel.is_phone().then(|| app.settings().messages.spacing()).flatten();
    let now = app.now();
    let message = draft.message(&number, copies, now);
    let new = NewSend {
        thread: draft.thread(&number, now),
        media: stored.clone(),
        spacing,
        owner: app.calls().incarnation.clone(),
        lease_until: submit::lease_end(now),
        charge: usage::outbound(app, &message),
        message,
    };
    let reply_parent_unresolved = draft.reply_parent_unresolved;
    promise(StatusCode::OK, move |sending: &Sending| match sending {
        Sending::Stored { message, conversation, .. } => Some(view(Sent {
            message: message.as_ref().clone(),
            conversation: conversation.as_ref().clone(),
            reply_parent_unresolved,
        })),
        _ => None,
    });
    let sending = app.store().send_message(new).await;
    // Not when the store failed: its commit may have gone through.
    if sending.as_ref().is_ok_and(|sending| !matches!(sending, Sending::Stored { .. })) {
        media::discard(app, &stored).await;
    }
    match sending? {
        Sending::Stored { message, conversation, claim } => {
            let mut message = *message;
            match claim {
                Some(claim) => message.status = submit::now(app, &claim, &message, &conversation).await?,
                None => app.messaging().queue.notify_one(),
            }
            Ok(Sent { message, conversation: *conversation, reply_parent_unresolved })
        }
        Sending::NumberGone => Err(sender::released()),
        Sending::NoSuchGroup => Err(no_such_group()),
        Sending::OptedOut => {
            metrics::counter!("offhook_messages_refused_total", "why" => "opted_out").increment(1);
            Err(ApiError::forbidden("The recipient has opted out of messages from this number"))
        }
        Sending::InsufficientBalance => Err(ApiError::insufficient_balance()),
    }
}

/// The carrier as one of messages.
pub(crate) fn texting(app: &App) -> Result<&dyn Texting, ApiError> {
    app.carrier().texting().ok_or_else(|| ApiError::bad_request("The carrier carries no messages"))
}

/// The 403 of emergency and premium numbers.
pub(crate) fn refuse_destination() -> ApiError {
    ApiError::forbidden("Emergency, crisis, N11 and premium numbers cannot be written to")
}

fn no_such_group() -> ApiError {
    ApiError::not_found("Group not found")
}

/// A message whose channel is known, and what is left of it on that channel.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) channel: Channel,
    to: Vec<Address>,
    body: String,
    media_urls: Vec<String>,
    content: Option<Content>,
    send_style: Option<String>,
    reply_to: Option<MessageId>,
    reply_parent_unresolved: Option<bool>,
}

impl Draft {
    async fn make(
        app: &App,
        texting: &dyn Texting,
        number: &Number,
        new: NewMessage,
    ) -> Result<Self, ApiError> {
        let account = &number.account_id;
        let parent = match &new.reply_to {
            None => None,
            Some(id) => Some(app.store().message(account, id).await?.ok_or_else(no_parent)?),
        };
        let wish = channel::Wish {
            number,
            to: &new.to,
            whatsapp: new.whatsapp,
            has_media: !new.media_urls.is_empty(),
        };
        let channel = channel::choose(texting, account, &wish).await?;
        if channel.is_phone() && new.body.chars().count() > TEXT_CHARS {
            let msg = format!("String should have at most {TEXT_CHARS} characters");
            return Err(ApiError::field("body", "string_too_long", msg));
        }
        let is_carousel = channel == Channel::Imessage && new.media_urls.len() > 1;
        if is_carousel && !new.body.is_empty() {
            let msg = "Value error, a carousel of several media has no body on iMessage";
            return Err(ApiError::field("body", "value_error", msg));
        }
        if channel == Channel::Whatsapp {
            whatsapp::require_window(app, number, &new).await?;
        }
        let thread = thread_of(app, number, channel, &new.to).await?;
        if matches!(new.to.as_slice(), [Address::Group(_)]) && thread.is_none() {
            return Err(no_such_group());
        }
        // A reference works inside one thread of a network that has replies,
        // to a message whose name there we know.
        let can_refer = matches!(channel, Channel::Imessage | Channel::Whatsapp);
        let is_resolved = parent.as_ref().map(|parent| {
            can_refer
                && parent.carrier_id.is_some()
                && parent.channel == channel
                && thread.as_ref().is_some_and(|thread| thread.id == parent.conversation_id)
        });
        Ok(Self {
            channel,
            to: new.to,
            body: new.body,
            media_urls: new.media_urls,
            content: new.content.filter(|_| channel == Channel::Whatsapp),
            send_style: new.send_style.filter(|_| channel == Channel::Imessage),
            reply_to: parent.filter(|_| is_resolved == Some(true)).map(|parent| parent.id),
            reply_parent_unresolved: is_resolved.map(|is_resolved| !is_resolved),
        })
    }

    /// Segments of the phone network.
    pub(crate) fn segments(&self) -> u32 {
        if self.channel.is_phone() { segments::count(&self.body) } else { 0 }
    }

    fn thread(&self, number: &Number, now: Timestamp) -> ThreadKey {
        let with = match self.to.as_slice() {
            [Address::Group(id)] => With::Group(id.clone()),
            [person] => With::Person(person.to_string()),
            members => With::CarrierGroup {
                carrier_group: None,
                new_id: GroupId::new(now, rand::random()),
                name: None,
                icon_url: None,
                participants: members
                    .iter()
                    .map(|member| json!({"identifier": member.as_str(), "name": null}))
                    .collect(),
            },
        };
        ThreadKey {
            account_id: number.account_id.clone(),
            number_id: number.id.clone(),
            phone_number: number.phone_number.to_string(),
            network: self.channel.network(),
            with,
            new_id: ConversationId::new(now, rand::random()),
        }
    }

    fn message(&self, number: &Number, copies: Copies, now: Timestamp) -> Message {
        Message {
            id: MessageId::new(now, rand::random()),
            account_id: number.account_id.clone(),
            // The transaction sets thread, agent, and the name of a new group.
            conversation_id: "".into(),
            number_id: number.id.clone(),
            agent_id: None,
            direction: MessageDirection::Outbound,
            channel: self.channel,
            from: number.phone_number.to_string(),
            to: self.to.first().map(ToString::to_string).unwrap_or_default(),
            sender: None,
            body: self.body.clone(),
            media: copies.shown,
            content: self.content.as_ref().map(Content::json),
            send_style: self.send_style.clone(),
            reply_to: self.reply_to.clone(),
            carrier_id: None,
            segments: self.segments(),
            is_automatic: false,
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

/// The thread a message would join, when there is one.
async fn thread_of(
    app: &App,
    number: &Number,
    channel: Channel,
    to: &[Address],
) -> Result<Option<Conversation>, ApiError> {
    let [other] = to else { return Ok(None) };
    let network = if matches!(other, Address::Group(_)) { Network::Native } else { channel.network() };
    Ok(app.store().thread(&number.account_id, &number.id, network, other.as_str()).await?)
}

fn no_parent() -> ApiError {
    ApiError::not_found("Reply target not found.")
}
