//! `DELETE /v1/numbers/{number_id}`.

use axum::{Json, extract::State};
use offhook_model::{e164::E164, id::NumberId, number::NumberStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, auth::Caller, error::ApiError, numbers, path::Path};

/// The number that is given back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"success": true, "phoneNumber": "+14155551234", "status": "released"}))]
pub(crate) struct ReleasedNumber {
    /// Always true.
    success: bool,
    /// E.164.
    #[schema(value_type = String)]
    phone_number: E164,
    /// Always `released`.
    status: NumberStatus,
}

/// Gives a number back, for good. Its history stays readable.
#[utoipa::path(
    delete, path = "/v1/numbers/{number_id}", tag = "numbers", operation_id = "deleteNumber",
    params(("number_id" = String, Path, description = "The number's id")),
    responses(
        (status = 200, body = ReleasedNumber, description = "It is given back"),
        (status = 400, description = "It was given back before"),
        (status = 404, description = "Phone number not found"),
    )
)]
pub(crate) async fn release(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NumberId>,
) -> Result<Json<ReleasedNumber>, ApiError> {
    let number = numbers::release(&app, &caller.account, &id).await?;
    Ok(Json(ReleasedNumber { success: true, phone_number: number.phone_number, status: number.status }))
}
