//! Somebody shares contacts (contract `webhooks.md` §4.5): a message of the
//! thread, and an event of its own.

use std::sync::Arc;

use offhook_carriers::texting::{InboundContacts, SharedContact};
use offhook_model::{
    Timestamp,
    id::{ConversationId, MessageId},
    message::{Message, MessageDirection, MessageStatus},
    number::Number,
    webhook::{ContactSharedData, Envelope, SharedContactData, Webhook},
};
use offhook_store::{Arrival, NewArrival, NewEvent, Received, ThreadKey, With};
use serde_json::json;

use super::{Outcome, text::sender};
use crate::{
    app::App,
    error::ApiError,
    messaging::{event::history_entry, usage},
    webhooks::Addressed,
};

/// The event's name.
pub const CONTACT_SHARED: &str = "agent.contact_shared";

/// Most contacts of one message.
const CONTACTS: usize = 20;
/// Most numbers, and most mail addresses, of one contact.
const WAYS: usize = 20;
/// Longest name, number or mail address.
const CHARS: usize = 254;

/// Stores contacts that arrived as a message, their event with it.
pub(super) async fn receive(app: &App, arrived: InboundContacts) -> Result<Outcome, ApiError> {
    let store = app.store();
    let Some(route) = store.route(&arrived.to).await? else { return Ok(Outcome::Unknown) };
    let number = route.number;
    let webhook = store.effective_webhook(&number.account_id, number.agent_id.as_ref()).await?;
    let now = app.now();
    let shared: Vec<_> = arrived.contacts.iter().take(CONTACTS).map(clean).collect();
    let message = message(&number, &arrived, &shared, now);
    let new = NewArrival {
        charge: usage::inbound(app, &message),
        part: 0,
        thread: ThreadKey {
            account_id: number.account_id.clone(),
            number_id: number.id.clone(),
            phone_number: number.phone_number.to_string(),
            network: arrived.channel.network(),
            with: With::Person(message.from.clone()),
            new_id: ConversationId::new(now, rand::random()),
        },
        media: Vec::new(),
        keyword: None,
        history: webhook.as_ref().map_or(0, |webhook| webhook.context_limit.into()),
        tell: Arc::new(move |arrival| {
            webhook.as_ref().map(|webhook| event(arrival, &shared, webhook, now)).transpose()
        }),
        message,
    };
    match store.receive_message(new).await? {
        Received::Stored { arrival, event, .. } => {
            if event.is_some() {
                app.calls().outbox.notify_one();
            }
            tracing::info!(message.id = %arrival.message.id, "contacts received");
            Ok(Outcome::Stored(vec![arrival.message.id]))
        }
        Received::Duplicate => Ok(Outcome::Known),
        Received::NumberGone => Ok(Outcome::Unknown),
    }
}

/// As much of a contact as is kept.
fn clean(contact: &SharedContact) -> SharedContactData {
    let short = |text: &String| text.chars().filter(|c| *c != '\0').take(CHARS).collect::<String>();
    let ways = |all: &[String]| all.iter().take(WAYS).map(short).collect();
    SharedContactData {
        first_name: contact.first_name.as_ref().map(short),
        last_name: contact.last_name.as_ref().map(short),
        display_name: contact.display_name.as_ref().map(short),
        phone_numbers: ways(&contact.phone_numbers),
        emails: ways(&contact.emails),
    }
}

/// What the thread shows: the names, and the contacts as rich content.
fn message(
    number: &Number,
    arrived: &InboundContacts,
    shared: &[SharedContactData],
    now: Timestamp,
) -> Message {
    let names: Vec<String> = shared.iter().map(name).collect();
    Message {
        id: MessageId::new(now, rand::random()),
        account_id: number.account_id.clone(),
        // The transaction sets thread and agent.
        conversation_id: "".into(),
        number_id: number.id.clone(),
        agent_id: None,
        direction: MessageDirection::Inbound,
        channel: arrived.channel,
        from: sender(&arrived.from),
        to: number.phone_number.to_string(),
        sender: None,
        body: format!("[contact] {}", names.join(", ")),
        media: Vec::new(),
        content: Some(json!({"contacts": shared})),
        send_style: None,
        reply_to: None,
        carrier_id: Some(arrived.carrier_id.clone()),
        segments: 0,
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

/// The whole name, else its parts, else a number or a mail address.
fn name(contact: &SharedContactData) -> String {
    let parts = [&contact.first_name, &contact.last_name];
    let joined = parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    let ways = contact.phone_numbers.first().or(contact.emails.first()).cloned();
    let display = contact.display_name.clone().filter(|name| !name.trim().is_empty());
    display.unwrap_or_else(|| if joined.is_empty() { ways.unwrap_or_default() } else { joined })
}

fn event(
    arrival: &Arrival,
    shared: &[SharedContactData],
    webhook: &Webhook,
    now: Timestamp,
) -> Result<NewEvent, serde_json::Error> {
    let Arrival { message, conversation, history } = arrival;
    let envelope = Envelope {
        event: CONTACT_SHARED.to_owned(),
        channel: message.channel.as_str().to_owned(),
        timestamp: now,
        agent_id: message.agent_id.clone(),
        test: None,
        data: ContactSharedData {
            conversation_id: conversation.id.to_string(),
            number_id: message.number_id.to_string(),
            from: message.from.clone(),
            to: message.to.clone(),
            direction: message.direction.as_str().to_owned(),
            message_id: message.id.to_string(),
            contacts: shared.to_vec(),
            received_at: message.at,
        },
        conversation_state: conversation.metadata.clone(),
        recent_history: history.iter().map(history_entry).collect(),
    };
    Addressed::to(webhook).about(&message.id).within(&conversation.id).event(&envelope)
}
