//! `DELETE /v1/contacts/{contact_id}`.

use axum::extract::State;
use http::StatusCode;
use offhook_model::id::ContactId;

use crate::{app::App, auth::Caller, error::ApiError, path::Path};

/// Removes a contact. Messages and calls stay.
#[utoipa::path(
    delete, path = "/v1/contacts/{contact_id}", tag = "contacts", operation_id = "deleteContact",
    params(("contact_id" = String, Path, description = "The contact's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "Contact not found"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ContactId>,
) -> Result<StatusCode, ApiError> {
    if app.store().delete_contact(&caller.account, &id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(super::unknown())
    }
}
