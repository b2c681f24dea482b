//! The contract's routes.

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Every route under `/v1`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
