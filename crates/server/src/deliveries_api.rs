//! `/offhook/v1/deliveries`: every delivery with its attempts, sent again on
//! request, and watched live. An addition of Offhook to the contract's log at
//! `/v1/webhooks/deliveries`.

mod get;
mod list;
mod replay;
mod replay_many;
mod stream;
mod trigger;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, error::ApiError};

/// The routes under `/offhook/v1/deliveries`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, trigger::trigger))
        .routes(routes!(replay_many::replay))
        .routes(routes!(stream::stream))
        .routes(routes!(get::get))
        .routes(routes!(replay::replay))
}

/// The 404 of deliveries.
fn unknown() -> ApiError {
    ApiError::not_found("Delivery not found")
}
