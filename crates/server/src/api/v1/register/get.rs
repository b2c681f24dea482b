//! `GET /v1/register`.

use axum::{Json, extract::State};

use super::view::RegistrationView;
use crate::{app::App, auth::Caller, error::ApiError, registration};

/// The account's registration.
#[utoipa::path(
    get, path = "/v1/register", tag = "registration", operation_id = "getRegistration",
    responses(
        (status = 200, body = RegistrationView, description = "What was submitted, and how far it is"),
        (status = 404, description = "Nothing was submitted"),
    )
)]
pub(crate) async fn get(State(app): State<App>, caller: Caller) -> Result<Json<RegistrationView>, ApiError> {
    let found = app.store().registration(&caller.account).await?.ok_or_else(registration::missing)?;
    Ok(Json(RegistrationView::new(&app, found)))
}
