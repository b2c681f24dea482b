//! The synthetic event of the test routes (contract `webhooks.md` §7).

use std::time::{Duration, Instant};

use offhook_model::{
    Timestamp,
    agent::Agent,
    id::{AccountId, NumberId},
    number::Number,
    webhook::{Envelope, Webhook},
};
use offhook_store::Page;
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    deliver::{
        attempt::{Outgoing, attempt},
        outcome::Outcome,
    },
    error::ApiError,
};

use super::{Addressed, Written};

const EVENT: &str = "agent.message";

/// What to send.
#[derive(Debug)]
pub struct TestEvent {
    /// The agent it names.
    pub agent: Option<Agent>,
    /// Sender; a fictional number by default.
    pub from: Option<String>,
    /// Receiver; one of the account's numbers by default.
    pub to: Option<String>,
    /// The words.
    pub message: Option<String>,
    /// `sms`, `imessage`, `mms`, `whatsapp`, `rcs`.
    pub channel: &'static str,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    /// Whether the answer was 2xx.
    pub success: bool,
    /// HTTP status, when one came.
    pub http_status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// `data` of the event, keys and order as in the contract's example.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TestMessage {
    message_id: &'static str,
    id: &'static str,
    external_message_id: Option<String>,
    conversation_id: &'static str,
    number_id: Option<NumberId>,
    from: String,
    to: String,
    contact: Option<()>,
    message: String,
    media_url: Option<String>,
    media_urls: Vec<String>,
    direction: &'static str,
    received_at: Timestamp,
}

/// Sends the event once, signed as any other, and records the delivery.
///
/// # Errors
/// What the store answers; a target that fails is an outcome.
pub async fn test(app: &App, webhook: Webhook, event: TestEvent) -> Result<TestOutcome, ApiError> {
    let number = number_of(app, &webhook.account_id, event.agent.as_ref()).await?;
    let sent_at = app.now();
    let agent_id = event.agent.as_ref().map(|agent| agent.id.clone());
    let delivery_id = uuid::Uuid::new_v4().to_string();
    let channel = event.channel;
    let envelope = Envelope {
        event: EVENT.to_owned(),
        channel: channel.to_owned(),
        timestamp: sent_at,
        agent_id: agent_id.clone(),
        test: Some(true),
        data: message(event, number, sent_at),
        conversation_state: Some(json!({"testMode": true})),
        recent_history: Vec::new(),
    };
    let body = serde_json::to_string(&envelope).map_err(|error| ApiError::internal(&error))?;
    app.store().about_to_act().await?;
    let started = Instant::now();
    let outgoing = Outgoing { delivery_id: &delivery_id, event: EVENT, body: &body };
    let result = attempt(app.fetch(), &webhook, outgoing, sent_at).await;
    let took = started.elapsed();
    let success = result.outcome == Outcome::Success;

    let record = Addressed::to(&webhook).written(Written {
        delivery_id,
        event: EVENT.to_owned(),
        channel: channel.to_owned(),
        agent: agent_id,
        body,
        at: sent_at,
    });
    let verdict = if success { offhook_store::Verdict::Success } else { offhook_store::Verdict::Failed };
    let attempt = offhook_store::Attempt {
        http_status: result.http_status,
        error: result.error.clone(),
        response_body: result.response_body,
        at: sent_at,
        took,
        verdict,
    };
    app.store().insert_delivery(&record, &attempt).await?;
    Ok(TestOutcome { success, http_status: result.http_status, error: result.error, took })
}

fn message(event: TestEvent, number: Option<Number>, at: Timestamp) -> TestMessage {
    let to = event.to.or_else(|| number.as_ref().map(|number| number.phone_number.to_string()));
    TestMessage {
        message_id: "msg_test_1",
        id: "msg_test_1",
        external_message_id: None,
        conversation_id: "conv_test_1",
        number_id: number.map(|number| number.id),
        from: event.from.unwrap_or_else(|| "+15550001234".to_owned()),
        to: to.unwrap_or_else(|| "+15550005678".to_owned()),
        contact: None,
        message: event.message.unwrap_or_else(|| "This is a test message from Offhook.".to_owned()),
        media_url: None,
        media_urls: Vec::new(),
        direction: "inbound",
        received_at: at,
    }
}

/// The agent's first number, else any of the account's.
pub(super) async fn number_of(
    app: &App,
    account: &AccountId,
    agent: Option<&Agent>,
) -> Result<Option<Number>, ApiError> {
    if let Some(agent) = agent
        && let Some(number) = app.store().agent_numbers(account, &agent.id).await?.into_iter().next()
    {
        return Ok(Some(number));
    }
    Ok(app.store().numbers(account, Page { limit: 1, offset: 0 }).await?.data.into_iter().next())
}
