//! `GET /v1/sip-trunks/{trunk_id}`.

use axum::{Json, extract::State};
use offhook_model::id::TrunkId;

use super::view::TrunkView;
use crate::{app::App, auth::Caller, error::ApiError, path::Path};

/// One trunk, its password hidden.
#[utoipa::path(
    get, path = "/v1/sip-trunks/{trunk_id}", tag = "sip-trunks", operation_id = "getSipTrunk",
    params(("trunk_id" = String, Path, description = "The trunk's id")),
    responses(
        (status = 200, body = TrunkView, description = "The trunk"),
        (status = 404, description = "SIP trunk not found"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<TrunkId>,
) -> Result<Json<TrunkView>, ApiError> {
    let trunk = app.store().sip_trunk(&caller.account, &id).await?.ok_or_else(super::missing)?;
    Ok(Json(TrunkView::new(&app, trunk, None)))
}
