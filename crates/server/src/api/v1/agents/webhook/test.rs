//! `POST /v1/agents/{agent_id}/webhook/test`.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;

use crate::{
    api::v1::{
        agents,
        webhooks::{TestRequest, TestResult},
    },
    app::App,
    auth::Caller,
    error::ApiError,
    input::Input,
    path::Path,
    webhooks,
};

/// Sends one synthetic event to the agent's own webhook and waits for the answer.
#[utoipa::path(
    post, path = "/v1/agents/{agent_id}/webhook/test", tag = "agent-webhooks",
    operation_id = "testAgentWebhook",
    params(("agent_id" = String, Path, description = "The agent")),
    request_body = TestRequest,
    responses(
        (status = 200, body = TestResult, description = "What came of it, good or bad"),
        (status = 404, description = "Agent not found, or it has no webhook of its own"),
    )
)]
pub(crate) async fn test(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    Input(body): Input<TestRequest>,
) -> Result<Json<TestResult>, ApiError> {
    let agent = agents::find(&app, &caller, &id).await?;
    let webhook = app.store().webhook(&caller.account, Some(&id)).await?.ok_or_else(webhooks::unknown)?;
    Ok(Json(webhooks::test(&app, webhook, body.about(Some(agent))).await?.into()))
}
