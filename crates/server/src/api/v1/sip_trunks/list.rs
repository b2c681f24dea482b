//! `GET /v1/sip-trunks`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::TrunkView;
use crate::{app::App, auth::Caller, error::ApiError};

/// The account's trunks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trunks {
    /// Newest first.
    data: Vec<TrunkView>,
}

/// The account's trunks, newest first, passwords hidden.
#[utoipa::path(
    get, path = "/v1/sip-trunks", tag = "sip-trunks", operation_id = "listSipTrunks",
    responses((status = 200, body = Trunks, description = "All of them"))
)]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Trunks>, ApiError> {
    let trunks = app.store().sip_trunks(&caller.account).await?;
    let data = trunks.into_iter().map(|trunk| TrunkView::new(&app, trunk, None)).collect();
    Ok(Json(Trunks { data }))
}
