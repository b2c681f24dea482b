//! One-time codes (contract §15).

mod check;
mod send;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(send::send)).routes(routes!(check::check))
}
