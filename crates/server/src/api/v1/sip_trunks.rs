//! SIP trunks to tenants' own equipment (contract §14).

mod create;
mod delete;
mod fields;
mod get;
mod list;
mod update;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, error::ApiError};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(
        get::get,
        update::update,
        delete::delete
    ))
}

fn missing() -> ApiError {
    ApiError::not_found("SIP trunk not found")
}
