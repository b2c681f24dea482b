//! `POST /v1/agents/{agent_id}/webhook`.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;

use crate::{
    api::v1::webhooks::{SetWebhook, WebhookView},
    app::App,
    auth::Caller,
    error::ApiError,
    input::Input,
    path::Path,
    webhooks,
};

/// Sets or replaces the agent's webhook; its secret is new each time.
#[utoipa::path(
    post, path = "/v1/agents/{agent_id}/webhook", tag = "agent-webhooks",
    operation_id = "createOrUpdateAgentWebhook",
    params(("agent_id" = String, Path, description = "The agent")),
    request_body = SetWebhook,
    responses(
        (status = 200, body = WebhookView, description = "The webhook"),
        (status = 400, description = "Not a public address"),
        (status = 404, description = "Agent not found"),
    )
)]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    Input(body): Input<SetWebhook>,
) -> Result<Json<WebhookView>, ApiError> {
    Ok(Json(webhooks::set(&app, &caller.account, Some(id), body.into()).await?.into()))
}
