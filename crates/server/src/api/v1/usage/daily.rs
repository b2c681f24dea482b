//! `GET /v1/usage/daily`.

use axum::{Json, extract::State};
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{query::zone, series::shown};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Query, Read, rules},
    period::{self, Step},
};

/// How far to look back, and where days begin.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DailyQuery {
    /// Days, this one included.
    #[param(minimum = 1, maximum = 365, default = 30, required = false)]
    days: u32,
    /// IANA time zone of the days; UTC by default.
    #[param(value_type = String, required = false, example = "Europe/Berlin")]
    tz: TimeZone,
}

impl Read for DailyQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let days = fields.optional("days", rules::integer(1..=365));
        Some(Self { days: days.and_then(|days| days.try_into().ok()).unwrap_or(30), tz: zone(fields) })
    }
}

/// One row per day, oldest first; days without use are zeros.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "data": [{"date": "2025-01-15", "messages": 3, "calls": 1, "webhooks": 4, "voiceMinutes": 2.5}], "days": 1
}))]
pub(crate) struct DailyUsage {
    /// The rows.
    data: Vec<DayUsage>,
    /// How many were asked for.
    days: u32,
}

/// One day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DayUsage {
    /// The day in the time zone, `YYYY-MM-DD`.
    #[schema(example = "2025-01-15")]
    date: String,
    /// Texts sent and received.
    messages: u64,
    /// Calls that began.
    calls: u64,
    /// Webhook deliveries, whatever came of them.
    webhooks: u64,
    /// Conversation of calls that ended, minutes.
    voice_minutes: f64,
}

/// Counts usage by day.
#[utoipa::path(
    get, path = "/v1/usage/daily", tag = "usage", operation_id = "getDailyUsage",
    params(DailyQuery),
    responses((status = 200, body = DailyUsage, description = "The series"))
)]
pub(crate) async fn daily(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DailyQuery>,
) -> Result<Json<DailyUsage>, ApiError> {
    let (dates, moments) = period::last(Step::Day, query.days, app.now(), &query.tz);
    let sums = app.store().usage_between(&caller.account, &moments).await?;
    let row = |(date, sums): (&jiff::civil::Date, _)| {
        let (messages, calls, webhooks, voice_minutes) = shown(sums);
        DayUsage { date: date.strftime("%Y-%m-%d").to_string(), messages, calls, webhooks, voice_minutes }
    };
    Ok(Json(DailyUsage { data: dates.iter().zip(&sums).map(row).collect(), days: query.days }))
}
