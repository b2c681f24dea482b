//! `POST /v1/location/refresh`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, auth::Caller, error::ApiError, input::Input, locations};

/// The carrier was asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LocationRefresh, example = json!({"success": true, "pollAfterSeconds": 20}))]
pub(crate) struct RefreshView {
    /// Always true.
    success: bool,
    /// When to look again.
    poll_after_seconds: u64,
}

/// Asks the carrier where the account's iMessage contacts are now.
#[utoipa::path(
    post, path = "/v1/location/refresh", tag = "location", operation_id = "refreshLocations",
    responses(
        (status = 200, body = RefreshView, description = "They come a little later"),
        (status = 400, description = "No iMessage number, or the carrier has no shared locations"),
        (status = 502, description = "The carrier failed"),
    )
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    caller: Caller,
    Input(()): Input<()>,
) -> Result<Json<RefreshView>, ApiError> {
    let wait = locations::refresh(&app, &caller.account).await?;
    let poll_after_seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Ok(Json(RefreshView { success: true, poll_after_seconds }))
}
