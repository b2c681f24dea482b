//! `GET /v1/numbers/{number_id}`.

use axum::{Json, extract::State};
use offhook_model::id::NumberId;

use super::NumberView;
use crate::{app::App, auth::Caller, error::ApiError, path::Path};

/// One number, also when it was released.
#[utoipa::path(
    get, path = "/v1/numbers/{number_id}", tag = "numbers", operation_id = "getNumber",
    params(("number_id" = String, Path, description = "The number's id")),
    responses(
        (status = 200, body = NumberView, description = "The number"),
        (status = 404, description = "Phone number not found"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NumberId>,
) -> Result<Json<NumberView>, ApiError> {
    let number = super::find(&app, &caller, &id).await?;
    Ok(Json(super::view(&app, number).await?))
}
