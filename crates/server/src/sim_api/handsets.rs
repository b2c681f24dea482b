//! `GET /offhook/v1/sim/handsets`: phones that registered to be called.

use axum::{Json, extract::State};
use offhook_engine::endpoint::Handset;
use serde::Serialize;
use utoipa::ToSchema;

use super::off;
use crate::{app::App, auth::Caller, error::ApiError};

/// A phone that is registered now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"phoneNumber": "+14155550123", "devices": 1, "expiresInSeconds": 3540}))]
pub(crate) struct HandsetView {
    /// Under which it is called: its user name.
    phone_number: String,
    /// Devices registered under it.
    devices: usize,
    /// Seconds until it is forgotten, unless it registers again.
    expires_in_seconds: u64,
}

impl From<Handset> for HandsetView {
    fn from(handset: Handset) -> Self {
        Self {
            phone_number: handset.user,
            devices: handset.devices,
            expires_in_seconds: handset.expires_in.as_secs(),
        }
    }
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Handsets {
    /// By number.
    data: Vec<HandsetView>,
}

/// Lists the softphones that are registered as handsets.
#[utoipa::path(
    get, path = "/offhook/v1/sim/handsets", tag = "simulation", operation_id = "listHandsets",
    responses(
        (status = 200, body = Handsets, description = "The handsets"),
        (status = 404, description = "The simulated carrier is off"),
    )
)]
pub(crate) async fn handsets(State(app): State<App>, _: Caller) -> Result<Json<Handsets>, ApiError> {
    // Phones register with the engine; the simulated network routes to them.
    if !app.calls().routing().is_sim() {
        return Err(off());
    }
    let handsets = app.telephony().map(|phone| phone.handsets()).unwrap_or_default();
    Ok(Json(Handsets { data: handsets.into_iter().map(HandsetView::from).collect() }))
}
