//! Which numbers an agent answers (contract §1.10, §1.11).

mod attach;
mod detach;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(attach::attach)).routes(routes!(detach::detach))
}
