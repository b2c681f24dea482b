//! `GET /v1/webhooks/deliveries`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{DeliveryView, LogQuery};
use crate::{app::App, auth::Caller, error::ApiError, input::Query};

/// A page of the log, under both names clients know.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryLog {
    /// This page.
    items: Vec<DeliveryView>,
    /// The same page.
    data: Vec<DeliveryView>,
    /// Entries in the whole log.
    total: u64,
    /// Whether entries follow.
    has_more: bool,
    /// Entries skipped.
    offset: u32,
    /// Most entries of a page.
    limit: u32,
}

/// Deliveries of all the account's webhooks, agents' included, newest first.
#[utoipa::path(
    get, path = "/v1/webhooks/deliveries", tag = "webhooks", operation_id = "listDeliveries",
    params(LogQuery),
    responses((status = 200, body = DeliveryLog, description = "One page of the log"))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<LogQuery>,
) -> Result<Json<DeliveryLog>, ApiError> {
    let page = app.store().deliveries(&caller.account, None, query.since(&app), query.page()).await?;
    let data: Vec<DeliveryView> = page.data.into_iter().map(DeliveryView::from).collect();
    Ok(Json(DeliveryLog {
        items: data.clone(),
        data,
        total: page.total,
        has_more: page.has_more,
        offset: query.offset,
        limit: query.limit,
    }))
}
