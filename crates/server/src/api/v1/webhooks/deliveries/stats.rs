//! `GET /v1/webhooks/deliveries/stats`.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use offhook_model::Timestamp;
use offhook_store::{DeliveryCount, DeliveryStatus};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{hours, hours_ago, success_rate};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Query, Read},
};

/// How far to look back.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Window {
    /// Hours.
    #[param(minimum = 1, maximum = 168, default = 24, required = false)]
    hours: i64,
}

impl Read for Window {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { hours: hours(fields).unwrap_or(24) })
    }
}

/// Deliveries of the window, counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"total": 10, "success": 9, "failed": 1, "pending": 0, "successRate": 90.0,
    "byEventType": {"agent.message": {"total": 8, "success": 7, "failed": 1, "pending": 0}},
    "byHour": [{"hour": "2025-01-15T10:00:00Z", "total": 10, "success": 9, "failed": 1}]}))]
pub(crate) struct DeliveryStats {
    /// All.
    total: u64,
    /// Delivered.
    success: u64,
    /// Given up.
    failed: u64,
    /// To be tried (again).
    pending: u64,
    /// Delivered ones in a hundred.
    success_rate: f64,
    /// By kind of event.
    by_event_type: BTreeMap<String, Tally>,
    /// By hour, oldest first; hours without deliveries are left out.
    by_hour: Vec<HourTally>,
}

/// Counts of one kind.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub(crate) struct Tally {
    /// All.
    total: u64,
    /// Delivered.
    success: u64,
    /// Given up.
    failed: u64,
    /// To be tried (again).
    pending: u64,
}

/// Counts of one hour.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HourTally {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    hour: Timestamp,
    /// All.
    total: u64,
    /// Delivered.
    success: u64,
    /// Given up.
    failed: u64,
}

impl Tally {
    fn add(&mut self, row: &DeliveryCount) {
        self.total += row.count;
        *match row.status {
            DeliveryStatus::Success => &mut self.success,
            DeliveryStatus::Failed => &mut self.failed,
            DeliveryStatus::Pending => &mut self.pending,
        } += row.count;
    }

    /// Adds up all rows.
    pub(super) fn of(rows: &[DeliveryCount]) -> Self {
        let mut all = Self::default();
        rows.iter().for_each(|row| all.add(row));
        all
    }

    /// Total, delivered, given up.
    pub(super) fn parts(self) -> (u64, u64, u64) {
        (self.total, self.success, self.failed)
    }
}

impl From<&[DeliveryCount]> for DeliveryStats {
    fn from(rows: &[DeliveryCount]) -> Self {
        let mut by_event_type: BTreeMap<String, Tally> = BTreeMap::new();
        let mut hours: BTreeMap<Timestamp, Tally> = BTreeMap::new();
        for row in rows {
            by_event_type.entry(row.event_type.clone()).or_default().add(row);
            if let Some(hour) = row.hour {
                hours.entry(hour).or_default().add(row);
            }
        }
        let Tally { total, success, failed, pending } = Tally::of(rows);
        let by_hour = hours.into_iter().map(|(hour, tally)| {
            let (total, success, failed) = tally.parts();
            HourTally { hour, total, success, failed }
        });
        Self {
            total,
            success,
            failed,
            pending,
            success_rate: success_rate(success, total),
            by_event_type,
            by_hour: by_hour.collect(),
        }
    }
}

/// Counts recent deliveries.
#[utoipa::path(
    get, path = "/v1/webhooks/deliveries/stats", tag = "webhooks", operation_id = "deliveryStats",
    params(Window),
    responses((status = 200, body = DeliveryStats, description = "The counts"))
)]
pub(crate) async fn stats(
    State(app): State<App>,
    caller: Caller,
    Query(window): Query<Window>,
) -> Result<Json<DeliveryStats>, ApiError> {
    let rows = app.store().delivery_counts(&caller.account, hours_ago(&app, window.hours)).await?;
    Ok(Json(DeliveryStats::from(rows.as_slice())))
}
