//! Messages (contract §6).

mod react;
mod recipient;
mod rich;
mod send;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(send::send)).routes(routes!(react::react))
}
