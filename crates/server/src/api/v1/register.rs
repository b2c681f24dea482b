//! 10DLC registration (contract §11).

mod create;
mod form;
mod get;
mod status;
mod update;
mod view;

pub(crate) use form::is_email;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get::get, create::create, update::update))
        .routes(routes!(status::status))
}
