//! `GET /integrations/whatsapp/{connection_id}/available-numbers`.

use axum::{Json, extract::State};
use offhook_model::id::WhatsappConnectionId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, auth::Caller, error::ApiError, path::Path, whatsapp};

/// Numbers that can be bound.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatsappAvailableNumbers)]
pub(crate) struct AvailableNumbers {
    /// Empty when all are bound.
    data: Vec<AvailableNumber>,
}

/// A number of the business account that this account holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatsappAvailableNumber, example = json!({
    "phone_number_id": "106540352242922", "display_phone_number": "+14155551234", "verified_name": "Acme"
}))]
pub(crate) struct AvailableNumber {
    /// What binds it.
    phone_number_id: String,
    /// E.164.
    display_phone_number: String,
    /// The name recipients see.
    verified_name: String,
}

/// Numbers of the business account that are not bound yet.
#[utoipa::path(
    get, path = "/integrations/whatsapp/{connection_id}/available-numbers", tag = "whatsapp",
    operation_id = "whatsappAvailableNumbers",
    params(("connection_id" = String, Path, description = "The connection")),
    responses(
        (status = 200, body = AvailableNumbers, description = "The numbers"),
        (status = 400, description = "The carrier has no WhatsApp"),
        (status = 404, description = "WhatsApp connection not found"),
    )
)]
pub(crate) async fn available_numbers(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<WhatsappConnectionId>,
) -> Result<Json<AvailableNumbers>, ApiError> {
    let connection = whatsapp::find(&app, &caller.account, &id).await?;
    let numbers = whatsapp::available(&app, &caller.account, &connection).await?;
    let data = numbers.into_iter().map(|number| AvailableNumber {
        phone_number_id: number.phone_number_id,
        display_phone_number: number.number.to_string(),
        verified_name: number.verified_name,
    });
    Ok(Json(AvailableNumbers { data: data.collect() }))
}
