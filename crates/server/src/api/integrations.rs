//! Routes under `/integrations`, which have no version.

pub mod whatsapp;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Every route under `/integrations`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    whatsapp::routes()
}
