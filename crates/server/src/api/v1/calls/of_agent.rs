//! `GET /v1/agents/{agent_id}/calls`.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;
use offhook_store::CallFilter;

use super::{CallSummaryView, CallsQuery, page_of};
use crate::{app::App, auth::Caller, error::ApiError, input::Query, page::Paged, path::Path};

/// Lists an agent's calls, newest first.
#[utoipa::path(
    get, path = "/v1/agents/{agent_id}/calls", tag = "agents", operation_id = "listAgentCalls",
    params(("agent_id" = String, Path, description = "The agent"), CallsQuery),
    responses(
        (status = 200, body = Paged<CallSummaryView>, description = "A page of calls"),
        (status = 404, description = "Agent not found"),
    )
)]
pub(crate) async fn of_agent(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    Query(query): Query<CallsQuery>,
) -> Result<Json<Paged<CallSummaryView>>, ApiError> {
    let agent = app.store().agent(&caller.account, &id).await?;
    let agent = agent.ok_or_else(|| ApiError::not_found("Agent not found"))?;
    let filter = CallFilter { agent_id: Some(agent.id), ..CallFilter::default() };
    page_of(&app, &caller.account, &query, filter).await.map(Json)
}
