//! Routes that come before there is an account.

pub mod agent;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Every route under `/v0`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    agent::routes()
}
