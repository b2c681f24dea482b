//! Where people are who share it (contract §13).

mod get;
mod refresh;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(refresh::refresh)).routes(routes!(get::get))
}
