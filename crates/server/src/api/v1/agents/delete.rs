//! `DELETE /v1/agents/{agent_id}`.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, auth::Caller, error::ApiError, path::Path};

/// The agent that is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"success": true, "id": "agt_abc123", "name": "Support Bot"}))]
pub(crate) struct DeletedAgent {
    /// Always true.
    success: bool,
    /// Its id.
    #[schema(value_type = String)]
    id: AgentId,
    /// Its name.
    name: String,
}

/// Deletes an agent and its webhook. Numbers, conversations and calls stay,
/// without an agent.
#[utoipa::path(
    delete, path = "/v1/agents/{agent_id}", tag = "agents", operation_id = "deleteAgent",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, body = DeletedAgent, description = "It is gone"),
        (status = 404, description = "Agent not found"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Json<DeletedAgent>, ApiError> {
    let agent = app.store().delete_agent(&caller.account, &id).await?.ok_or_else(super::unknown)?;
    Ok(Json(DeletedAgent { success: true, id: agent.id, name: agent.settings.name }))
}
