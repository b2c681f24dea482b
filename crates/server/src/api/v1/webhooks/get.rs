//! `GET /v1/webhooks`.

use axum::{Json, extract::State};

use super::WebhookView;
use crate::{app::App, auth::Caller, error::ApiError};

/// The account's webhook, or null.
#[utoipa::path(
    get, path = "/v1/webhooks", tag = "webhooks", operation_id = "getWebhook",
    responses((status = 200, body = Option<WebhookView>, description = "The webhook, or null"))
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Option<WebhookView>>, ApiError> {
    let webhook = app.store().webhook(&caller.account, None).await?;
    Ok(Json(webhook.map(WebhookView::from)))
}
