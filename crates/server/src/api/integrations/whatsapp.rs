//! WhatsApp business accounts (contract §17).

mod available_numbers;
mod connect;
mod disconnect;
mod numbers;
mod status;
mod templates;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(connect::connect))
        .routes(routes!(status::status))
        .routes(routes!(disconnect::disconnect))
        .routes(routes!(available_numbers::available_numbers))
        .routes(routes!(numbers::bind))
        .merge(templates::routes())
}
