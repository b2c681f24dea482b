//! What an account used (contract §10).

mod by_agent;
mod by_number;
mod daily;
mod get;
mod monthly;
mod query;
mod series;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get::get))
        .routes(routes!(daily::daily))
        .routes(routes!(monthly::monthly))
        .routes(routes!(by_number::by_number))
        .routes(routes!(by_agent::by_agent))
}
