//! Signing up (contract §18). No key is asked for.

mod sign_up;
mod verify;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sign_up::sign_up)).routes(routes!(verify::verify))
}
