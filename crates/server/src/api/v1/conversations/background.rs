//! The background picture of an iMessage thread (contract §7.3).

mod remove;
mod set;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(set::set, remove::remove))
}
