//! `GET /v1/calls`.

use axum::{Json, extract::State};
use offhook_store::CallFilter;

use super::{CallSummaryView, CallsQuery, page_of};
use crate::{app::App, auth::Caller, error::ApiError, input::Query, page::Paged};

/// Lists calls, newest first.
#[utoipa::path(
    get, path = "/v1/calls", tag = "calls", operation_id = "listCalls",
    params(CallsQuery),
    responses((status = 200, body = Paged<CallSummaryView>, description = "A page of calls"))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<CallsQuery>,
) -> Result<Json<Paged<CallSummaryView>>, ApiError> {
    page_of(&app, &caller.account, &query, CallFilter::default()).await.map(Json)
}
