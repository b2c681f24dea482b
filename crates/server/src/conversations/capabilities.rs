//! What can be sent in a thread now (contract `messaging-behaviour.md` §12):
//! computed from the line, the other side, opt-outs and registration.

use std::time::Duration;

use offhook_model::{
    Timestamp,
    address::Address,
    id::AccountId,
    message::{Channel, Network, window_end},
    number::{Number, NumberStatus, NumberType, OutboundSms},
};
use offhook_store::Conversation;

use crate::{app::App, error::ApiError, registration};

/// How long the question what reaches the other side may hold up an answer.
const LIVE_CHECK: Duration = Duration::from_secs(2);

/// What a thread is capable of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Channels that are open now, the one a text would take first.
    pub channels: Vec<Channel>,
    /// Why nothing can be sent.
    pub disabled: Option<String>,
    /// Whether messages can be reacted to.
    pub reactions: bool,
    /// Whether a reaction may be any emoji.
    pub emoji_reactions: bool,
    /// Until when WhatsApp takes anything but templates.
    pub whatsapp_window_ends: Option<Timestamp>,
}

/// What this thread is capable of; none for groups.
///
/// # Errors
/// What the store answered.
pub async fn of(
    app: &App,
    account: &AccountId,
    thread: &Conversation,
) -> Result<Option<Capabilities>, ApiError> {
    if thread.is_group {
        return Ok(None);
    }
    let number = app.store().number(account, &thread.number_id).await?;
    let Some(line) = number.filter(|number| number.status == NumberStatus::Active) else {
        return Ok(Some(disabled("The number of this conversation has been released")));
    };
    Ok(Some(match thread.network() {
        Network::Whatsapp => on_whatsapp(app, thread, &line),
        Network::Native => native(app, account, thread, &line).await?,
    }))
}

fn on_whatsapp(app: &App, thread: &Conversation, line: &Number) -> Capabilities {
    if line.whatsapp.is_none() {
        return disabled("The number is not connected to WhatsApp");
    }
    let ends = window_end(thread.last_inbound_at);
    let mut found = Capabilities {
        channels: vec![Channel::Whatsapp],
        reactions: true,
        emoji_reactions: true,
        whatsapp_window_ends: ends,
        disabled: None,
    };
    if ends.is_none_or(|ends| ends <= app.now()) {
        let reason = "131047: more than 24 hours have passed since the recipient last wrote; \
                      only templates can be sent";
        found.disabled = Some(reason.to_owned());
    }
    found
}

async fn native(
    app: &App,
    account: &AccountId,
    thread: &Conversation,
    line: &Number,
) -> Result<Capabilities, ApiError> {
    let Some(texting) = app.carrier().texting() else {
        return Ok(disabled("The carrier does not carry messages"));
    };
    if app.store().is_opted_out(account, &line.id, &thread.participant).await? {
        return Ok(disabled("The recipient opted out of messages from this number"));
    }
    let Ok(person) = Address::parse(&thread.participant) else {
        return Ok(disabled("The recipient cannot be written to"));
    };
    let has_imessage = line.kind == NumberType::Imessage;
    let mut channels = texting.channels(&line.phone_number, has_imessage);
    if channels.contains(&Channel::Imessage) && !takes_imessage(app, account, thread, &person).await {
        channels.retain(|channel| *channel != Channel::Imessage);
    }
    if matches!(person, Address::Email(_)) {
        channels.retain(|channel| *channel == Channel::Imessage);
    }
    let gate = registration::outbound_sms(app, account, line).await?;
    if gate != OutboundSms::Enabled {
        channels.retain(|channel| !channel.is_phone());
    }
    if channels.is_empty() {
        return Ok(disabled(match gate {
            OutboundSms::Enabled => "The recipient cannot be reached from this number",
            OutboundSms::Activating => "The number's registration is approved and not active yet",
            OutboundSms::RegistrationRequired => "The number needs an approved 10DLC registration",
        }));
    }
    let reactions = channels.first() == Some(&Channel::Imessage);
    Ok(Capabilities {
        reactions,
        emoji_reactions: reactions && texting.has_emoji_reactions(&line.phone_number),
        channels,
        disabled: None,
        whatsapp_window_ends: None,
    })
}

/// Whether iMessage reaches the other side: asked now, or, when nobody answers
/// in time, as the thread's last message went.
async fn takes_imessage(app: &App, account: &AccountId, thread: &Conversation, person: &Address) -> bool {
    let before = thread.channel == Channel::Imessage.as_str();
    let Some(texting) = app.carrier().texting() else { return before };
    match tokio::time::timeout(LIVE_CHECK, texting.check_capabilities(account, person)).await {
        Ok(Ok(capabilities)) => capabilities.imessage,
        Ok(Err(_)) | Err(_) => before,
    }
}

fn disabled(reason: &str) -> Capabilities {
    Capabilities { disabled: Some(reason.to_owned()), ..Capabilities::default() }
}
