//! `DELETE /v1/sip-trunks/{trunk_id}`.

use axum::{Json, extract::State};
use offhook_model::id::TrunkId;

use crate::{api::v1::Success, app::App, auth::Caller, error::ApiError, path::Path};

/// Deletes a trunk and its credentials.
#[utoipa::path(
    delete, path = "/v1/sip-trunks/{trunk_id}", tag = "sip-trunks", operation_id = "deleteSipTrunk",
    params(("trunk_id" = String, Path, description = "The trunk's id")),
    responses(
        (status = 200, body = Success, description = "It is gone"),
        (status = 404, description = "SIP trunk not found"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TrunkId>,
) -> Result<Json<Success>, ApiError> {
    if !app.store().delete_sip_trunk(&caller.account, &id).await? {
        return Err(super::missing());
    }
    Ok(Json(Success::YES))
}
