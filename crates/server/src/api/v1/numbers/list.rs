//! `GET /v1/numbers`.

use axum::{Json, extract::State};

use super::NumberView;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::Query,
    page::{Page, Paged},
    registration,
};

/// The numbers the account holds, newest first.
#[utoipa::path(
    get, path = "/v1/numbers", tag = "numbers", operation_id = "listNumbers",
    params(Page),
    responses((status = 200, body = Paged<NumberView>, description = "One page of numbers"))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<Paged<NumberView>>, ApiError> {
    let numbers = app.store().numbers(&caller.account, page.into()).await?;
    let standing = registration::standing(&app, &caller.account).await?;
    let strangers = super::strangers(&app, &caller.account, &numbers.data).await?;
    Ok(Json(Paged::of(numbers, |number| {
        let written = strangers.get(&number.id).copied().unwrap_or(0);
        NumberView::new(number, standing, written)
    })))
}
