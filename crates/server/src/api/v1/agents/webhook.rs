//! An agent's own webhook, which replaces the account's for it (contract §2).

mod delete;
mod deliveries;
mod get;
mod set;
mod test;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get::get, set::set, delete::delete))
        .routes(routes!(deliveries::deliveries))
        .routes(routes!(test::test))
}
