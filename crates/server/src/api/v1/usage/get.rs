//! `GET /v1/usage`.

use std::time::Duration;

use axum::{Json, extract::State};
use jiff::tz::TimeZone;
use offhook_model::Timestamp;
use offhook_store::Page;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, auth::Caller, error::ApiError, period::Period, settings::Settings};

/// Shown where nothing is limited: large, and a number.
const UNLIMITED: u64 = 1_000_000;
/// One day of the sliding windows.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What the account may use, and what it used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "plan": {"name": "payg", "limits": {"numbers": 10, "messagesPerMonth": 1_000_000,
        "voiceMinutesPerMonth": 1_000_000, "maxCallDurationMinutes": 30, "concurrentCalls": 5}},
    "numbers": {"used": 1, "limit": 10, "remaining": 9},
    "stats": {"totalMessages": 3, "messagesLast24h": 3, "messagesLast7d": 3, "messagesLast30d": 3,
        "smsSegmentsLast30d": 3, "totalCalls": 1, "callsLast24h": 1, "callsLast7d": 1, "callsLast30d": 1,
        "totalWebhookDeliveries": 4, "successfulWebhookDeliveries": 4, "failedWebhookDeliveries": 0},
    "periodStart": "2025-01-01T00:00:00Z", "periodEnd": "2025-02-01T00:00:00Z",
    "reportGeneratedAt": "2025-01-15T12:00:00Z"
}))]
pub(crate) struct UsageReport {
    /// What the operator allows.
    plan: Plan,
    /// Numbers held.
    numbers: NumberRoom,
    /// Counts.
    stats: UsageStats,
    /// First moment of the current calendar month, UTC.
    #[schema(value_type = String, format = DateTime)]
    period_start: Timestamp,
    /// First moment of the next.
    #[schema(value_type = String, format = DateTime)]
    period_end: Timestamp,
    /// Now.
    #[schema(value_type = String, format = DateTime)]
    report_generated_at: Timestamp,
}

/// A plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Plan {
    /// Always `payg`.
    #[schema(value_type = String)]
    name: &'static str,
    /// Its limits; what is not limited is a large number.
    limits: PlanLimits,
}

/// Limits of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlanLimits {
    /// Numbers held at once.
    numbers: u64,
    /// Not limited.
    messages_per_month: u64,
    /// Not limited.
    voice_minutes_per_month: u64,
    /// Longest call.
    max_call_duration_minutes: u64,
    /// Calls at once.
    concurrent_calls: u64,
}

/// How many numbers the account holds, and may.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberRoom {
    /// Held.
    used: u64,
    /// At most.
    limit: u64,
    /// How many more.
    remaining: u64,
}

/// Counts of all time and of sliding windows up to now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageStats {
    /// Texts sent and received.
    total_messages: u64,
    /// Within 24 hours.
    #[serde(rename = "messagesLast24h")]
    messages_last_24h: u64,
    /// Within 7 days.
    #[serde(rename = "messagesLast7d")]
    messages_last_7d: u64,
    /// Within 30 days.
    #[serde(rename = "messagesLast30d")]
    messages_last_30d: u64,
    /// Segments of texts by SMS within 30 days.
    #[serde(rename = "smsSegmentsLast30d")]
    sms_segments_last_30d: u64,
    /// Calls, whatever came of them.
    total_calls: u64,
    /// Begun within 24 hours.
    #[serde(rename = "callsLast24h")]
    calls_last_24h: u64,
    /// Begun within 7 days.
    #[serde(rename = "callsLast7d")]
    calls_last_7d: u64,
    /// Begun within 30 days.
    #[serde(rename = "callsLast30d")]
    calls_last_30d: u64,
    /// Webhook deliveries, pending ones included.
    total_webhook_deliveries: u64,
    /// Delivered.
    successful_webhook_deliveries: u64,
    /// Given up.
    failed_webhook_deliveries: u64,
}

/// Sums up what the account may use and used.
#[utoipa::path(
    get, path = "/v1/usage", tag = "usage", operation_id = "getUsage",
    responses((status = 200, body = UsageReport, description = "The sums"))
)]
pub(crate) async fn get(State(app): State<App>, caller: Caller) -> Result<Json<UsageReport>, ApiError> {
    let (store, account, now) = (app.store(), &caller.account, app.now());
    let held = store.numbers(account, Page { limit: 1, offset: 0 }).await?.total;
    let all = store.usage(account).await?;
    let day = store.usage_since(account, ago(now, 1)).await?;
    let week = store.usage_since(account, ago(now, 7)).await?;
    let month = store.usage_since(account, ago(now, 30)).await?;
    let limits = limits(app.settings());
    let (period_start, period_end) = Period::Month.around(now, &TimeZone::UTC);
    Ok(Json(UsageReport {
        numbers: NumberRoom {
            used: held,
            limit: limits.numbers,
            remaining: limits.numbers.saturating_sub(held),
        },
        plan: Plan { name: "payg", limits },
        stats: UsageStats {
            total_messages: all.messages,
            messages_last_24h: day.messages,
            messages_last_7d: week.messages,
            messages_last_30d: month.messages,
            sms_segments_last_30d: month.sms_segments,
            total_calls: all.calls,
            calls_last_24h: day.calls,
            calls_last_7d: week.calls,
            calls_last_30d: month.calls,
            total_webhook_deliveries: all.deliveries,
            successful_webhook_deliveries: all.delivered,
            failed_webhook_deliveries: all.undelivered,
        },
        period_start,
        period_end,
        report_generated_at: now,
    }))
}

fn ago(now: Timestamp, days: u32) -> Timestamp {
    now.saturating_sub(days * DAY).unwrap_or(Timestamp::MIN)
}

fn limits(settings: &Settings) -> PlanLimits {
    let limits = settings.limits;
    PlanLimits {
        numbers: limits.map_or(UNLIMITED, |limits| limits.numbers.into()),
        messages_per_month: UNLIMITED,
        voice_minutes_per_month: UNLIMITED,
        max_call_duration_minutes: limits.map_or(UNLIMITED, |limits| limits.max_call.as_secs() / 60),
        concurrent_calls: limits.map_or(UNLIMITED, |limits| limits.concurrent_calls.into()),
    }
}
