//! `GET /v1/webhooks/deliveries/all-time`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{stats::Tally, success_rate};
use crate::{app::App, auth::Caller, error::ApiError};

/// All deliveries ever, counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"total": 100, "success": 98, "failed": 2, "successRate": 98.0}))]
pub(crate) struct AllTimeStats {
    /// All.
    total: u64,
    /// Delivered.
    success: u64,
    /// Given up.
    failed: u64,
    /// Delivered ones in a hundred.
    success_rate: f64,
}

/// Counts all deliveries.
#[utoipa::path(
    get, path = "/v1/webhooks/deliveries/all-time", tag = "webhooks", operation_id = "allTimeStats",
    responses((status = 200, body = AllTimeStats, description = "The counts"))
)]
pub(crate) async fn all_time(State(app): State<App>, caller: Caller) -> Result<Json<AllTimeStats>, ApiError> {
    let rows = app.store().all_time_delivery_counts(&caller.account).await?;
    let (total, success, failed) = Tally::of(&rows).parts();
    Ok(Json(AllTimeStats { total, success, failed, success_rate: success_rate(success, total) }))
}
