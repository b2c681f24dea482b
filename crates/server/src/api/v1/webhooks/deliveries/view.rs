//! A delivery as clients see it: every fact under both names they know (contract §8.4).

use offhook_model::Timestamp;
use offhook_store::{Delivery, DeliveryStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// One event on its way to a webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookDelivery)]
#[schema(example = json!({"id": "0b6f9f0e-6a42-4a5a-9a59-0a7d7d6f9b11", "messageId": "msg_01", "eventType": "agent.message",
    "channel": "sms", "status": "success", "httpStatus": 200, "errorMessage": null, "responseBody": "ok",
    "attemptCount": 1, "lastAttemptAt": "2025-01-15T10:31:01Z", "nextRetryAt": null,
    "createdAt": "2025-01-15T10:31:00Z", "event": "agent.message", "statusCode": 200, "success": true,
    "deliveredAt": "2025-01-15T10:31:01Z", "responseMs": 112}))]
pub struct DeliveryView {
    /// A UUID, the `X-Webhook-ID` of the request.
    pub id: String,
    /// The message or call it is about.
    #[schema(required)]
    pub message_id: Option<String>,
    /// `agent.message`, `agent.call_ended`…
    pub event_type: String,
    /// `voice`, `sms`…
    pub channel: String,
    /// `pending`, `success` or `failed`.
    pub status: &'static str,
    /// HTTP status of the last attempt.
    #[schema(required)]
    pub http_status: Option<u16>,
    /// What went wrong last.
    #[schema(required)]
    pub error_message: Option<String>,
    /// How the last reply begins.
    #[schema(required)]
    pub response_body: Option<String>,
    /// Attempts made.
    pub attempt_count: u32,
    /// When the last attempt was made.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub last_attempt_at: Option<Timestamp>,
    /// When the next is due.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub next_retry_at: Option<Timestamp>,
    /// When the event happened.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The same as `eventType`.
    pub event: String,
    /// The same as `httpStatus`.
    #[schema(required)]
    pub status_code: Option<u16>,
    /// Whether it was delivered.
    pub success: bool,
    /// When it was delivered.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub delivered_at: Option<Timestamp>,
    /// How long the last attempt took.
    #[schema(required)]
    pub response_ms: Option<u64>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let success = delivery.status == DeliveryStatus::Success;
        let event = delivery.event;
        Self {
            id: event.delivery_id,
            message_id: event.subject_id,
            event_type: event.event_type.clone(),
            channel: event.channel,
            status: delivery.status.as_str(),
            http_status: delivery.http_status,
            error_message: delivery.error,
            response_body: delivery.response_body,
            attempt_count: delivery.attempts,
            last_attempt_at: delivery.last_attempt_at,
            next_retry_at: delivery.next_attempt_at,
            created_at: event.created_at,
            event: event.event_type,
            status_code: delivery.http_status,
            success,
            delivered_at: if success { delivery.last_attempt_at } else { None },
            response_ms: delivery.response_ms,
        }
    }
}
