//! `DELETE /v1/webhooks`.

use axum::{Json, extract::State};

use crate::{api::v1::Success, app::App, auth::Caller, error::ApiError, webhooks};

/// Removes the account's webhook; the log of its deliveries stays.
#[utoipa::path(
    delete, path = "/v1/webhooks", tag = "webhooks", operation_id = "deleteWebhook",
    responses(
        (status = 200, body = Success, description = "It is gone"),
        (status = 404, description = "There is none"),
    )
)]
pub(crate) async fn delete(State(app): State<App>, caller: Caller) -> Result<Json<Success>, ApiError> {
    if webhooks::delete(&app, &caller.account, None).await? {
        return Ok(Json(Success::YES));
    }
    Err(webhooks::unknown())
}
