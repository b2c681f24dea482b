//! Synthetic events of every kind that go the way of real ones: outbox, lanes,
//! signature, retries. For people who build a receiver.

use offhook_model::{
    Timestamp,
    agent::Agent,
    id::{AgentId, CallId, ConversationId, MessageId},
    webhook::{
        CallEndedData, ContactSharedData, Envelope, MessageData, ReactionData, SharedContactData,
        TranscriptLine, Webhook,
    },
};
use offhook_store::NewEvent;
use serde::Serialize;
use serde_json::json;

use super::{Addressed, test_event::number_of};
use crate::{
    app::App,
    calls::ended_event::CALL_ENDED,
    error::ApiError,
    messaging::{
        event::MESSAGE,
        inbound::{contacts::CONTACT_SHARED, reaction::REACTION},
    },
};

/// What to make up.
#[derive(Debug, Clone)]
pub struct Synthetic {
    /// One of [`Synthetic::EVENTS`].
    pub event: &'static str,
    /// The agent it names.
    pub agent: Option<Agent>,
    /// Who writes or calls; a fictional number by default.
    pub from: Option<String>,
    /// The number written to or called; one of the account's by default.
    pub to: Option<String>,
    /// The words.
    pub message: Option<String>,
}

impl Synthetic {
    /// Every kind of event.
    pub const EVENTS: &[&str] = &[MESSAGE, CALL_ENDED, REACTION, CONTACT_SHARED];
}

/// Puts the event into the outbox; its delivery id.
///
/// # Errors
/// What the store answers.
pub async fn trigger(app: &App, webhook: &Webhook, event: Synthetic) -> Result<String, ApiError> {
    let number = number_of(app, &webhook.account_id, event.agent.as_ref()).await?;
    let (number, number_id) = match number {
        Some(number) => (number.phone_number.to_string(), number.id.to_string()),
        None => ("+15550005678".to_owned(), "num_test_1".to_owned()),
    };
    let facts = Facts {
        at: app.now(),
        agent: event.agent.map(|agent| agent.id),
        number_id,
        from: event.from.unwrap_or_else(|| "+15550001234".to_owned()),
        to: event.to.unwrap_or(number),
        words: event.message.unwrap_or_else(|| "This is a test message from Offhook.".to_owned()),
    };
    let made = match event.event {
        CALL_ENDED => facts.call_ended(webhook),
        REACTION => facts.reaction(webhook),
        CONTACT_SHARED => facts.contacts(webhook),
        _ => facts.message(webhook),
    };
    let made = made.map_err(|error| ApiError::internal(&error))?;
    app.store().insert_event(&made).await?;
    app.calls().outbox.notify_one();
    Ok(made.delivery_id)
}

/// What all kinds share.
struct Facts {
    at: Timestamp,
    agent: Option<AgentId>,
    number_id: String,
    from: String,
    to: String,
    words: String,
}

impl Facts {
    fn envelope<D: Serialize>(
        &self,
        to: Addressed,
        event: &str,
        channel: &str,
        data: D,
    ) -> Result<NewEvent, serde_json::Error> {
        to.event(&Envelope {
            event: event.to_owned(),
            channel: channel.to_owned(),
            timestamp: self.at,
            agent_id: self.agent.clone(),
            test: Some(true),
            data,
            conversation_state: Some(json!({"testMode": true})),
            recent_history: Vec::new(),
        })
    }

    fn message(&self, webhook: &Webhook) -> Result<NewEvent, serde_json::Error> {
        let (id, thread) = self.thread();
        let data = MessageData {
            message_id: id.clone(),
            id: id.clone(),
            external_message_id: None,
            conversation_id: thread.clone(),
            number_id: self.number_id.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            contact: None,
            message: self.words.clone(),
            media_url: None,
            media_urls: Vec::new(),
            direction: "inbound".to_owned(),
            received_at: self.at,
            external_id: None,
            sender_identifier: None,
            group: None,
            reply_to: None,
        };
        self.envelope(Addressed::to(webhook).about(id).within(thread), MESSAGE, "sms", data)
    }

    fn call_ended(&self, webhook: &Webhook) -> Result<NewEvent, serde_json::Error> {
        let id = CallId::new(self.at, rand::random()).to_string();
        let line = |role: &str, content: &str| TranscriptLine { role: role.into(), content: content.into() };
        let data = CallEndedData {
            call_id: id.clone(),
            number_id: Some(self.number_id.clone()),
            from: self.from.clone(),
            to: self.to.clone(),
            contact: None,
            direction: "inbound".to_owned(),
            status: "completed".to_owned(),
            started_at: crate::deliver::earlier(self.at, std::time::Duration::from_secs(30)),
            ended_at: self.at,
            duration_seconds: 30,
            disconnection_reason: Some("user_hangup".to_owned()),
            transcript: vec![line("agent", "Hello! How can I help?"), line("user", &self.words)],
            summary: None,
            user_sentiment: None,
            call_successful: None,
            metadata: None,
        };
        self.envelope(Addressed::to(webhook).about(&id).within(&id), CALL_ENDED, "voice", data)
    }

    fn reaction(&self, webhook: &Webhook) -> Result<NewEvent, serde_json::Error> {
        let (id, thread) = self.thread();
        let data = ReactionData {
            conversation_id: thread.clone(),
            number_id: self.number_id.clone(),
            reaction_type: "love".to_owned(),
            from_number: self.from.clone(),
            direction: "inbound".to_owned(),
            message_id: id.clone(),
            message_body: self.words.clone(),
            message_media_url: None,
            message_media_urls: Vec::new(),
            created_at: self.at,
        };
        self.envelope(Addressed::to(webhook).about(id).within(thread), REACTION, "imessage", data)
    }

    fn contacts(&self, webhook: &Webhook) -> Result<NewEvent, serde_json::Error> {
        let (id, thread) = self.thread();
        let data = ContactSharedData {
            conversation_id: thread.clone(),
            number_id: self.number_id.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            direction: "inbound".to_owned(),
            message_id: id.clone(),
            contacts: vec![SharedContactData {
                first_name: Some("Ada".to_owned()),
                last_name: Some("Lovelace".to_owned()),
                display_name: Some("Ada Lovelace".to_owned()),
                phone_numbers: vec!["+15550009876".to_owned()],
                emails: vec!["ada@example.com".to_owned()],
            }],
            received_at: self.at,
        };
        self.envelope(Addressed::to(webhook).about(id).within(thread), CONTACT_SHARED, "imessage", data)
    }

    /// A message and a thread that nobody has.
    fn thread(&self) -> (String, String) {
        let message = MessageId::new(self.at, rand::random());
        (message.to_string(), ConversationId::new(self.at, rand::random()).to_string())
    }
}
