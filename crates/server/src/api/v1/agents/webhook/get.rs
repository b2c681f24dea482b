//! `GET /v1/agents/{agent_id}/webhook`.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;

use crate::{
    api::v1::{agents, webhooks::WebhookView},
    app::App,
    auth::Caller,
    error::ApiError,
    path::Path,
};

/// The agent's own webhook, or null.
#[utoipa::path(
    get, path = "/v1/agents/{agent_id}/webhook", tag = "agent-webhooks", operation_id = "getAgentWebhook",
    params(("agent_id" = String, Path, description = "The agent")),
    responses(
        (status = 200, body = Option<WebhookView>, description = "The webhook, or null"),
        (status = 404, description = "Agent not found"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
) -> Result<Json<Option<WebhookView>>, ApiError> {
    agents::find(&app, &caller, &id).await?;
    let webhook = app.store().webhook(&caller.account, Some(&id)).await?;
    Ok(Json(webhook.map(WebhookView::from)))
}
