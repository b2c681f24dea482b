//! `POST /v1/messages`: send a message (contract §6.1).

use axum::{Json, extract::State};
use offhook_model::{
    address::Address,
    e164::E164,
    id::{ConversationId, MessageId},
    message::{Channel, MessageStatus},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    recipient::{Recipient, RecipientRule},
    rich::{self, Rich},
};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules},
    messaging::{
        media::URL_CHARS,
        send::{self, NewMessage, Sent},
        sender::Sender,
    },
};

/// iMessage effects.
const EFFECTS: [&str; 12] = [
    "celebration",
    "fireworks",
    "lasers",
    "love",
    "confetti",
    "balloons",
    "spotlight",
    "echo",
    "invisible",
    "gentle",
    "loud",
    "slam",
];

/// Most characters of a body on any channel; the phone network takes 1600.
const BODY_CHARS: usize = 20_000;

/// A message: one sender, one destination, something to say.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"agent_id": "agt_abc123", "to_number": "+14155559876", "body": "Hello!"}))]
pub(crate) struct SendMessage {
    /// The agent whose first number sends; `number_id` and `from_number` win.
    agent_id: Option<String>,
    /// The number that sends; `from_number` wins.
    number_id: Option<String>,
    /// The number that sends, E.164.
    #[schema(value_type = Option<String>)]
    from_number: Option<E164>,
    /// A phone number in any format, a short code, an e-mail address
    /// (iMessage), or a group; instead of `recipients`.
    #[schema(value_type = Option<String>)]
    to_number: Option<Recipient>,
    /// Members of a new iMessage group; instead of `to_number`.
    #[schema(value_type = Option<Vec<String>>, min_items = 2, max_items = 32)]
    recipients: Option<Vec<Recipient>>,
    /// The words; 1600 characters on the phone network.
    body: Option<String>,
    /// One file, https; deprecated.
    #[schema(deprecated)]
    media_url: Option<String>,
    /// Files, https; several are a carousel on iMessage.
    #[schema(min_items = 1, max_items = 20)]
    media_urls: Option<Vec<String>>,
    /// `whatsapp`, or nothing.
    #[schema(value_type = Option<String>)]
    channel: Option<Channel>,
    /// iMessage effect; dropped elsewhere.
    send_style: Option<&'static str>,
    /// The message it answers.
    reply_to_message_id: Option<String>,
    /// WhatsApp: labels of buttons, 20 characters each. Excludes `list`,
    /// `cta` and `template`, as these exclude each other.
    #[schema(min_items = 1, max_items = 3)]
    buttons: Option<Vec<String>>,
    /// WhatsApp: a menu of at most ten rows, `{button, sections: [{title, rows}]}`
    /// or `{button, rows}`; no media.
    #[schema(value_type = Option<Object>)]
    list: Option<rich::Menu>,
    /// WhatsApp: a link behind a label; no media.
    cta: Option<rich::Cta>,
    /// WhatsApp: a template; no media.
    template: Option<rich::Template>,
}

impl Read for SendMessage {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let url = || rules::text().trimmed().chars(1..=URL_CHARS);
        let rich = Rich::read(fields);
        let body = Self {
            agent_id: fields.optional("agent_id", rules::text()),
            number_id: fields.optional("number_id", rules::text()),
            from_number: fields.optional("from_number", rules::phone()),
            to_number: fields.optional("to_number", RecipientRule),
            recipients: fields.optional("recipients", rules::list(RecipientRule, 2..=32)),
            body: fields.optional("body", rules::text().chars(0..=BODY_CHARS)),
            media_url: fields.optional("media_url", url()),
            media_urls: fields.optional("media_urls", rules::list(url(), 1..=20)),
            channel: fields.optional("channel", rules::word(whatsapp, &["whatsapp"])),
            send_style: fields.optional("send_style", rules::word(effect, &EFFECTS)),
            reply_to_message_id: fields.optional("reply_to_message_id", rules::text()),
            buttons: rich.buttons,
            list: rich.list,
            cta: rich.cta,
            template: rich.template,
        };
        if !fields.has_faults() {
            body.check(fields);
        }
        Some(body)
    }
}

impl SendMessage {
    /// The rules between fields.
    fn check(&self, fields: &mut Fields<'_>) {
        let mut fault = |name, msg: &str| fields.fault(name, "value_error", format!("Value error, {msg}"));
        if self.agent_id.is_none() && self.number_id.is_none() && self.from_number.is_none() {
            fault("agent_id", "name a sender: agent_id, number_id or from_number");
        }
        match (&self.to_number, &self.recipients) {
            (None, None) => fault("to_number", "name a destination: to_number or recipients"),
            (Some(_), Some(_)) => fault("recipients", "to_number and recipients exclude each other"),
            (None, Some(members)) => {
                let is_group = |member: &Recipient| matches!(member, Recipient::Open(Address::Group(_)));
                if members.iter().any(is_group) {
                    fault("recipients", "a group cannot be a member of a group");
                } else if distinct(members).len() < 2 && !members.contains(&Recipient::Blocked) {
                    fault("recipients", "a group has at least two different members");
                }
            }
            (Some(_), None) => {}
        }
        if self.media_url.is_some() && self.media_urls.is_some() {
            fault("media_url", "media_url and media_urls exclude each other");
        }
        let media = self.media_urls.as_ref().map_or(0, Vec::len) + usize::from(self.media_url.is_some());
        let has_words = self.body.as_ref().is_some_and(|body| !body.trim().is_empty());
        if self.buttons.is_some() && media > 1 {
            fault("media_urls", "buttons take one picture or film");
        }
        for (name, is_given) in [
            ("list", self.list.is_some()),
            ("cta", self.cta.is_some()),
            ("template", self.template.is_some()),
        ] {
            if is_given && media > 0 {
                fault(name, &format!("{name} excludes media"));
            }
        }
        let is_rich = self.buttons.is_some() || self.list.is_some() || self.cta.is_some();
        if is_rich && !has_words {
            fault("body", "buttons, list and cta need a body");
        } else if !has_words && media == 0 && self.template.is_none() {
            fault("body", "there is nothing to send: give a body, media or a template");
        }
        if (is_rich || self.template.is_some()) && self.channel.is_none() {
            fault("channel", "buttons, list, cta and template need channel whatsapp");
        }
    }

    /// Everybody it is for; none when somebody may not be written to.
    fn destination(&self) -> Option<Vec<Address>> {
        let all = self
            .to_number
            .as_ref()
            .map_or_else(|| self.recipients.as_deref().unwrap_or_default(), std::slice::from_ref);
        if all.contains(&Recipient::Blocked) { None } else { Some(distinct(all)) }
    }
}

/// Without those named twice, in their order.
fn distinct(recipients: &[Recipient]) -> Vec<Address> {
    let mut distinct = Vec::new();
    for recipient in recipients {
        if let Recipient::Open(address) = recipient
            && !distinct.contains(address)
        {
            distinct.push(address.clone());
        }
    }
    distinct
}

fn whatsapp(word: &str) -> Option<Channel> {
    (word == Channel::Whatsapp.as_str()).then_some(Channel::Whatsapp)
}

fn effect(word: &str) -> Option<&'static str> {
    EFFECTS.into_iter().find(|effect| *effect == word)
}

/// An accepted message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "msg_09", "status": "sent", "channel": "sms", "from_number": "+14155551234",
    "to_number": "+14155559876", "conversation_id": "conv_01", "media_urls": [],
    "reply_to_message_id": null, "reply_parent_unresolved": null
}))]
pub(crate) struct SentMessage {
    /// `msg_…`.
    #[schema(value_type = String)]
    id: MessageId,
    /// Always `sent`; how it fares is shown in lists.
    status: &'static str,
    /// How it travels.
    channel: Channel,
    /// Our number.
    from_number: String,
    /// Whom it is for; of a new group its id.
    to_number: String,
    /// Its thread.
    #[schema(value_type = String)]
    conversation_id: ConversationId,
    /// Its media, as they were given.
    media_urls: Vec<String>,
    /// The message it answers.
    #[schema(required)]
    reply_to_message_id: Option<String>,
    /// Whether the reference to that message was left out, because this
    /// channel or thread cannot carry it.
    #[schema(required)]
    reply_parent_unresolved: Option<bool>,
}

/// Sends a message. It is stored before it leaves, and leaves at most once.
#[utoipa::path(
    post, path = "/v1/messages", tag = "messages", operation_id = "sendMessage",
    request_body = SendMessage,
    responses(
        (status = 200, body = SentMessage, description = "Accepted; above the line's rate it leaves later, in order"),
        (status = 400, description = "Something the sender, the line or the network cannot do"),
        (status = 402, description = "The balance does not cover it"),
        (status = 403, description = "A destination nobody may write to, a recipient who opted out, or a sender without registration"),
        (status = 404, description = "Agent, number, group or reply target not found"),
        (status = 409, description = "The carrier did not confirm it: it may have been sent, do not send it again"),
        (status = 502, description = "The carrier refused it"),
    )
)]
pub(crate) async fn send(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SendMessage>,
) -> Result<Json<SentMessage>, ApiError> {
    let to = body.destination().ok_or_else(send::refuse_destination)?;
    let reply_to = body.reply_to_message_id.clone();
    let rich = Rich { buttons: body.buttons, list: body.list, cta: body.cta, template: body.template };
    let new = NewMessage {
        sender: Sender {
            agent_id: body.agent_id.map(Into::into),
            number_id: body.number_id.map(Into::into),
            from_number: body.from_number,
        },
        to,
        body: body.body.unwrap_or_default(),
        media_urls: body.media_urls.unwrap_or_else(|| body.media_url.into_iter().collect()),
        whatsapp: body.channel.is_some(),
        content: rich.content(),
        send_style: body.send_style.map(str::to_owned),
        reply_to: body.reply_to_message_id.map(Into::into),
    };
    let view = move |sent| SentMessage::new(sent, reply_to.clone());
    let sent = send::send(&app, &caller.account, new, view.clone()).await?;
    Ok(Json(view(sent)))
}

impl SentMessage {
    fn new(sent: Sent, reply_to: Option<String>) -> Self {
        let Sent { message, conversation, reply_parent_unresolved } = sent;
        Self {
            status: MessageStatus::Sent.as_str(),
            channel: message.channel,
            media_urls: message.media_urls(),
            conversation_id: conversation.id,
            from_number: message.from,
            to_number: message.to,
            id: message.id,
            reply_to_message_id: reply_to,
            reply_parent_unresolved,
        }
    }
}
