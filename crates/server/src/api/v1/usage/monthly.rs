//! `GET /v1/usage/monthly`.

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
pub(crate) struct MonthlyQuery {
    /// Months, this one included.
    #[param(minimum = 1, maximum = 24, default = 6, required = false)]
    months: u32,
    /// IANA time zone of the months; UTC by default.
    #[param(value_type = String, required = false, example = "Europe/Berlin")]
    tz: TimeZone,
}

impl Read for MonthlyQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let months = fields.optional("months", rules::integer(1..=24));
        Some(Self { months: months.and_then(|months| months.try_into().ok()).unwrap_or(6), tz: zone(fields) })
    }
}

/// One row per month, oldest first; months without use are zeros.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "data": [{"month": "2025-01", "messages": 3, "calls": 1, "webhooks": 4, "voiceMinutes": 2.5}], "months": 1
}))]
pub(crate) struct MonthlyUsage {
    /// The rows.
    data: Vec<MonthUsage>,
    /// How many were asked for.
    months: u32,
}

/// One month.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MonthUsage {
    /// The month in the time zone, `YYYY-MM`.
    #[schema(example = "2025-01")]
    month: String,
    /// Texts sent and received.
    messages: u64,
    /// Calls that began.
    calls: u64,
    /// Webhook deliveries, whatever came of them.
    webhooks: u64,
    /// Conversation of calls that ended, minutes.
    voice_minutes: f64,
}

/// Counts usage by month.
#[utoipa::path(
    get, path = "/v1/usage/monthly", tag = "usage", operation_id = "getMonthlyUsage",
    params(MonthlyQuery),
    responses((status = 200, body = MonthlyUsage, description = "The series"))
)]
pub(crate) async fn monthly(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<MonthlyQuery>,
) -> Result<Json<MonthlyUsage>, ApiError> {
    let (dates, moments) = period::last(Step::Month, query.months, app.now(), &query.tz);
    let sums = app.store().usage_between(&caller.account, &moments).await?;
    let row = |(date, sums): (&jiff::civil::Date, _)| {
        let (messages, calls, webhooks, voice_minutes) = shown(sums);
        MonthUsage { month: date.strftime("%Y-%m").to_string(), messages, calls, webhooks, voice_minutes }
    };
    Ok(Json(MonthlyUsage { data: dates.iter().zip(&sums).map(row).collect(), months: query.months }))
}
