//! Who a key belongs to (contract §19).

mod me;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// Every route under `/auth`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(me::me))
}
