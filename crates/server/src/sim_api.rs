//! `/offhook/v1/sim/…`: driving the simulated phone network.
//!
//! Refused with 404 unless the sim carrier is on (design §5).

mod calls;
mod handsets;
mod test_numbers;
mod texts;

use std::sync::Arc;

use offhook_sim::SimNetwork;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, error::ApiError};

/// The routes under `/offhook/v1/sim`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(test_numbers::test_numbers))
        .routes(routes!(handsets::handsets))
        .routes(routes!(calls::create))
        .routes(routes!(texts::receive::receive))
        .routes(routes!(texts::receipt::receipt))
        .routes(routes!(texts::reaction::react))
        .routes(routes!(texts::contacts::share))
        .routes(routes!(texts::location::move_to))
        .routes(routes!(texts::behaviour::set))
        .routes(routes!(texts::inbox::inbox))
}

/// The simulated network.
fn network(app: &App) -> Result<Arc<SimNetwork>, ApiError> {
    app.calls().sim_network().cloned().ok_or_else(off)
}

/// The 404 of every route here where there is nothing to simulate with.
fn off() -> ApiError {
    ApiError::not_found("The simulated carrier is off")
}
