//! A delivery as clients see it.

use offhook_model::{Timestamp, id::AgentId};
use offhook_store::{Delivery, PastAttempt};
use serde::Serialize;
use utoipa::ToSchema;

/// A delivery, without body and attempts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeliverySummary, example = json!({
    "id": "8a1f5ad0-7c3d-4f0e-9a55-0f6a2d3b1c4e", "event": "agent.message", "channel": "sms", "status": "failed",
    "agentId": "agt_abc123", "ownWebhook": false, "subjectId": "msg_01", "attemptCount": 6, "httpStatus": 500,
    "error": "HTTP 500", "responseMs": 112, "createdAt": "2025-01-15T10:30:00Z",
    "lastAttemptAt": "2025-01-16T07:05:00Z", "nextRetryAt": null, "replayedAt": null
}))]
pub(crate) struct Summary {
    /// `X-Webhook-ID` and `webhook-id`: the same on every attempt.
    id: String,
    /// `agent.message`, `agent.call_ended`, `agent.reaction` or `agent.contact_shared`.
    event: String,
    /// `sms`, `voice`, ….
    channel: String,
    /// `pending`, `success` or `failed`.
    status: &'static str,
    /// The agent it belongs to.
    #[schema(value_type = Option<String>, required)]
    agent_id: Option<AgentId>,
    /// Whether it goes to the agent's own webhook; else to the account's.
    own_webhook: bool,
    /// The message or call it is about.
    #[schema(required)]
    subject_id: Option<String>,
    /// Attempts made, over all rounds.
    attempt_count: u32,
    /// HTTP status of the last attempt.
    #[schema(required)]
    http_status: Option<u16>,
    /// What went wrong last.
    #[schema(required)]
    error: Option<String>,
    /// How long the last attempt took.
    #[schema(required)]
    response_ms: Option<u64>,
    /// When the event happened.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the last attempt was made.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    last_attempt_at: Option<Timestamp>,
    /// When the next attempt is due, while it is pending.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    next_retry_at: Option<Timestamp>,
    /// When it was last asked for again.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    replayed_at: Option<Timestamp>,
}

impl From<&Delivery> for Summary {
    fn from(delivery: &Delivery) -> Self {
        let event = &delivery.event;
        Self {
            id: event.delivery_id.clone(),
            event: event.event_type.clone(),
            channel: event.channel.clone(),
            status: delivery.status.as_str(),
            agent_id: event.agent_id.clone(),
            own_webhook: event.target.is_some(),
            subject_id: event.subject_id.clone(),
            attempt_count: delivery.attempts,
            http_status: delivery.http_status,
            error: delivery.error.clone(),
            response_ms: delivery.response_ms,
            created_at: event.created_at,
            last_attempt_at: delivery.last_attempt_at,
            next_retry_at: delivery.next_attempt_at,
            replayed_at: delivery.replayed_at,
        }
    }
}

/// One attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeliveryAttempt)]
pub(crate) struct AttemptView {
    /// 1 is the first; replays count on.
    attempt: u32,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// How long it took.
    response_ms: u64,
    /// HTTP status, when one came.
    #[schema(required)]
    http_status: Option<u16>,
    /// What went wrong.
    #[schema(required)]
    error: Option<String>,
    /// How the reply began, up to 10,000 characters.
    #[schema(required)]
    response_body: Option<String>,
}

impl From<PastAttempt> for AttemptView {
    fn from(past: PastAttempt) -> Self {
        Self {
            attempt: past.n,
            at: past.at,
            response_ms: u64::try_from(past.took.as_millis()).unwrap_or(u64::MAX),
            http_status: past.http_status,
            error: past.error,
            response_body: past.response_body,
        }
    }
}
