//! `GET /v1/register/status`.

use axum::{Json, extract::State};

use super::view::RegistrationStatus;
use crate::{app::App, auth::Caller, error::ApiError};

/// How far the account's registration is.
#[utoipa::path(
    get, path = "/v1/register/status", tag = "registration", operation_id = "getRegistrationStatus",
    responses((status = 200, body = RegistrationStatus, description = "How far it is; `none` without one"))
)]
pub(crate) async fn status(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<RegistrationStatus>, ApiError> {
    let registration = app.store().registration(&caller.account).await?;
    Ok(Json(RegistrationStatus::of(&app, registration.as_ref())))
}
