//! `GET /v1/agents/{agent_id}`.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;

use super::AgentView;
use crate::{app::App, auth::Caller, error::ApiError, path::Path};

/// One agent with its numbers.
#[utoipa::path(
    get, path = "/v1/agents/{agent_id}", tag = "agents", operation_id = "getAgent",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, body = AgentView, description = "The agent"),
        (status = 404, description = "Agent not found"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Json<AgentView>, ApiError> {
    let found = app.store().agent_with_numbers(&caller.account, &id).await?;
    let (agent, numbers) = found.ok_or_else(super::unknown)?;
    Ok(Json(AgentView::new(agent, numbers)))
}
