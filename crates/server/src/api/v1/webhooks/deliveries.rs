//! The log of deliveries (contract §8.4 to §8.7).

mod all_time;
mod list;
mod stats;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

pub use view::DeliveryView;

use crate::{
    app::App,
    input::{Fields, Read, rules::integer},
    page::Page,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(stats::stats))
        .routes(routes!(all_time::all_time))
}

/// Longest look back, in hours: a week.
const MAX_HOURS: i64 = 168;

/// Which part of the log.
#[derive(Debug, Clone, Copy, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// Entries per page.
    #[param(minimum = 1, maximum = 100, default = 50, required = false)]
    pub(crate) limit: u32,
    /// Entries to skip.
    #[param(minimum = 0, default = 0, required = false)]
    pub(crate) offset: u32,
    /// Only the last so many hours; all when omitted.
    #[param(minimum = 1, maximum = 168)]
    pub(crate) hours: Option<i64>,
}

impl Read for LogQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let Page { limit, offset } = Page::read_with(fields, 50, 100);
        Some(Self { limit, offset, hours: hours(fields) })
    }
}

impl LogQuery {
    /// Since when.
    pub(crate) fn since(self, app: &App) -> Option<offhook_model::Timestamp> {
        self.hours.map(|hours| hours_ago(app, hours))
    }

    /// Which page.
    pub(crate) fn page(self) -> offhook_store::Page {
        offhook_store::Page { limit: self.limit, offset: self.offset }
    }
}

fn hours(fields: &mut Fields<'_>) -> Option<i64> {
    fields.optional("hours", integer(1..=MAX_HOURS))
}

fn hours_ago(app: &App, hours: i64) -> offhook_model::Timestamp {
    let earlier = app.now().as_second().saturating_sub(hours.saturating_mul(3600));
    offhook_model::Timestamp::from_second(earlier).unwrap_or(offhook_model::Timestamp::UNIX_EPOCH)
}

/// Successes in a hundred; 0 of nothing.
fn success_rate(success: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { (success as f64 * 10_000.0 / total as f64).round() / 100.0 }
}
