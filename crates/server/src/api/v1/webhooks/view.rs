//! A webhook as clients see it (contract §8.1).

use offhook_model::{Timestamp, id::WebhookId, webhook::Webhook};
use serde::Serialize;
use utoipa::ToSchema;

use crate::webhooks::TestOutcome;

/// A webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Webhook)]
#[schema(example = json!({"id": "wh_01", "url": "https://example.com/hook", "secret": "whsec_3f9a", "status": "active",
    "contextLimit": 10, "timeout": 30, "createdAt": "2025-01-15T10:30:00Z"}))]
pub struct WebhookView {
    /// `wh_…`.
    #[schema(value_type = String)]
    pub id: WebhookId,
    /// Where events go.
    pub url: String,
    /// Key of the signatures; new on every POST.
    pub secret: String,
    /// Always `active`.
    pub status: &'static str,
    /// Entries of history sent along.
    pub context_limit: u8,
    /// Seconds a request may take.
    pub timeout: u8,
    /// When it was last set.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url,
            secret: webhook.secret,
            status: "active",
            context_limit: webhook.context_limit,
            timeout: webhook.timeout_s,
            created_at: webhook.created_at,
        }
    }
}

/// What came of a test event; every fact under both names clients know.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"success": true, "httpStatus": 200, "errorMessage": null, "statusCode": 200, "responseMs": 85,
    "error": null}))]
pub struct TestResult {
    /// Whether the answer was 2xx.
    success: bool,
    /// HTTP status, when one came.
    #[schema(required)]
    http_status: Option<u16>,
    /// What went wrong.
    #[schema(required)]
    error_message: Option<String>,
    /// The same as `httpStatus`.
    #[schema(required)]
    status_code: Option<u16>,
    /// How long it took.
    response_ms: u64,
    /// The same as `errorMessage`.
    #[schema(required)]
    error: Option<String>,
}

impl From<TestOutcome> for TestResult {
    fn from(outcome: TestOutcome) -> Self {
        Self {
            success: outcome.success,
            http_status: outcome.http_status,
            error_message: outcome.error.clone(),
            status_code: outcome.http_status,
            response_ms: u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
            error: outcome.error,
        }
    }
}
