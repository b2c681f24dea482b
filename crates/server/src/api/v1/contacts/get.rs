//! `GET /v1/contacts/{contact_id}`.

use axum::{Json, extract::State};
use offhook_model::id::ContactId;

use super::ContactView;
use crate::{app::App, auth::Caller, error::ApiError, path::Path};

/// One contact.
#[utoipa::path(
    get, path = "/v1/contacts/{contact_id}", tag = "contacts", operation_id = "getContact",
    params(("contact_id" = String, Path, description = "The contact's id")),
    responses(
        (status = 200, body = ContactView, description = "The contact"),
        (status = 404, description = "Contact not found"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ContactId>,
) -> Result<Json<ContactView>, ApiError> {
    Ok(Json(super::find(&app, &caller, &id).await?.into()))
}
