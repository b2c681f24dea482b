//! The account's webhook, and the deliveries of all (contract §8).

mod delete;
mod deliveries;
mod get;
mod set;
mod test;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

pub use deliveries::DeliveryView;
pub(crate) use deliveries::LogQuery;
pub use set::SetWebhook;
pub use test::TestRequest;
pub use view::{TestResult, WebhookView};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get::get, set::set, delete::delete))
        .routes(routes!(test::test))
        .merge(deliveries::routes())
}
