//! `GET /v1/numbers/{number_id}/contact-card`.

use axum::{Json, extract::State};
use offhook_model::id::NumberId;

use super::CardView;
use crate::{
    api::v1::numbers, app::App, auth::Caller, contact_cards::only_imessage, error::ApiError, path::Path,
};

/// The contact card of an iMessage line.
#[utoipa::path(
    get, path = "/v1/numbers/{number_id}/contact-card", tag = "contact-cards", operation_id = "getContactCard",
    params(("number_id" = String, Path, description = "The number's id")),
    responses(
        (status = 200, body = CardView, description = "The card"),
        (status = 400, description = "Not an iMessage line"),
        (status = 404, description = "Phone number not found, or it has no card"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NumberId>,
) -> Result<Json<CardView>, ApiError> {
    let number = numbers::find(&app, &caller, &id).await?;
    only_imessage(&number)?;
    let card = app.store().contact_card(&caller.account, &id).await?;
    Ok(Json(card.ok_or_else(|| ApiError::not_found("Contact card not found"))?.into()))
}
