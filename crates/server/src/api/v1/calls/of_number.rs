//! `GET /v1/numbers/{number_id}/calls`.

use axum::{Json, extract::State};
use offhook_model::id::NumberId;
use offhook_store::CallFilter;

use super::{CallSummaryView, CallsQuery, page_of};
use crate::{app::App, auth::Caller, error::ApiError, input::Query, page::Paged, path::Path};

/// Lists a number's calls, newest first; also when it was released.
#[utoipa::path(
    get, path = "/v1/numbers/{number_id}/calls", tag = "numbers", operation_id = "listCallsForNumber",
    params(("number_id" = String, Path, description = "The number"), CallsQuery),
    responses(
        (status = 200, body = Paged<CallSummaryView>, description = "A page of calls"),
        (status = 404, description = "Phone number not found"),
    )
)]
pub(crate) async fn of_number(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NumberId>,
    Query(query): Query<CallsQuery>,
) -> Result<Json<Paged<CallSummaryView>>, ApiError> {
    let number = app.store().number(&caller.account, &id).await?.ok_or_else(ApiError::number_not_found)?;
    let filter = CallFilter { number_id: Some(number.id), ..CallFilter::default() };
    page_of(&app, &caller.account, &query, filter).await.map(Json)
}
