//! `DELETE /v1/agents/{agent_id}/webhook`.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;

use crate::{
    api::v1::{Success, agents},
    app::App,
    auth::Caller,
    error::ApiError,
    path::Path,
    webhooks,
};

/// Removes the agent's webhook; its events go to the account's again.
#[utoipa::path(
    delete, path = "/v1/agents/{agent_id}/webhook", tag = "agent-webhooks",
    operation_id = "deleteAgentWebhook",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, body = Success, description = "It is gone"),
        (status = 404, description = "Agent not found, or it has none"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Json<Success>, ApiError> {
    agents::find(&app, &caller, &id).await?;
    if webhooks::delete(&app, &caller.account, Some(&id)).await? {
        return Ok(Json(Success::YES));
    }
    Err(webhooks::unknown())
}
