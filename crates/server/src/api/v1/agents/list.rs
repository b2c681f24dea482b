//! `GET /v1/agents`.

use axum::{Json, extract::State};

use super::AgentView;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::Query,
    page::{Page, Paged},
};

/// The account's agents, newest first.
#[utoipa::path(
    get, path = "/v1/agents", tag = "agents", operation_id = "listAgents",
    params(Page),
    responses((status = 200, body = Paged<AgentView>, description = "One page of agents"))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<Paged<AgentView>>, ApiError> {
    let agents = app.store().agents(&caller.account, page.into()).await?;
    Ok(Json(Paged::of(agents, |(agent, numbers)| AgentView::new(agent, numbers))))
}
