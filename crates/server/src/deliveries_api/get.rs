//! `GET /offhook/v1/deliveries/{delivery_id}`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{AttemptView, Summary};
use crate::{app::App, auth::Caller, error::ApiError, path::Path};

/// A delivery with all there is to know of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Delivery, example = json!({
    "id": "8a1f5ad0-7c3d-4f0e-9a55-0f6a2d3b1c4e", "event": "agent.message", "channel": "sms", "status": "success",
    "agentId": "agt_abc123", "ownWebhook": false, "subjectId": "msg_01", "attemptCount": 1, "httpStatus": 200,
    "error": null, "responseMs": 85, "createdAt": "2025-01-15T10:30:00Z",
    "lastAttemptAt": "2025-01-15T10:30:00Z", "nextRetryAt": null, "replayedAt": null,
    "body": "{\"event\":\"agent.message\"}", "endpointState": "ok",
    "attempts": [{"attempt": 1, "at": "2025-01-15T10:30:00Z", "responseMs": 85, "httpStatus": 200, "error": null,
        "responseBody": ""}]
}))]
pub(crate) struct DeliveryDetail {
    #[serde(flatten)]
    summary: Summary,
    /// The exact body that is sent.
    body: String,
    /// How its endpoint does: `ok`, `failing` (its last attempt failed) or
    /// `resting` (its breaker is open, and its events wait).
    endpoint_state: &'static str,
    /// Every attempt, first to last.
    attempts: Vec<AttemptView>,
}

impl DeliveryDetail {
    /// Reads one.
    pub(super) async fn find(app: &App, caller: &Caller, id: &str) -> Result<Self, ApiError> {
        let found = app.store().delivery(&caller.account, id).await?;
        let (delivery, attempts) = found.ok_or_else(super::unknown)?;
        Ok(Self {
            summary: Summary::from(&delivery),
            endpoint_state: app.deliveries().standing(&delivery.event.endpoint()).as_str(),
            body: delivery.event.body,
            attempts: attempts.into_iter().map(AttemptView::from).collect(),
        })
    }
}

/// Shows a delivery: its body, and every attempt with time, status and error.
#[utoipa::path(
    get, path = "/offhook/v1/deliveries/{delivery_id}", tag = "deliveries", operation_id = "getDelivery",
    params(("delivery_id" = String, Path, description = "The delivery: what receivers get as `X-Webhook-ID`")),
    responses(
        (status = 200, body = DeliveryDetail, description = "The delivery"),
        (status = 404, description = "Delivery not found"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DeliveryDetail>, ApiError> {
    Ok(Json(DeliveryDetail::find(&app, &caller, &id).await?))
}
