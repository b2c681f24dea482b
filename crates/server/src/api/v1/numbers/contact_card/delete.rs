//! `DELETE /v1/numbers/{number_id}/contact-card`.

use axum::extract::State;
use http::StatusCode;
use offhook_model::id::NumberId;

use crate::{app::App, auth::Caller, contact_cards, error::ApiError, path::Path};

/// Removes the contact card of an iMessage line; also when there is none.
#[utoipa::path(
    delete, path = "/v1/numbers/{number_id}/contact-card", tag = "contact-cards",
    operation_id = "deleteContactCard",
    params(("number_id" = String, Path, description = "The number's id")),
    responses(
        (status = 204, description = "There is none now"),
        (status = 400, description = "Not an iMessage line"),
        (status = 404, description = "Phone number not found"),
        (status = 502, description = "The carrier refused"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NumberId>,
) -> Result<StatusCode, ApiError> {
    contact_cards::remove(&app, &caller.account, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
