//! `GET /v1/agents/{agent_id}/webhook/deliveries`.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;

use crate::{
    api::v1::{
        agents,
        webhooks::{DeliveryView, LogQuery},
    },
    app::App,
    auth::Caller,
    error::ApiError,
    input::Query,
    path::Path,
};

/// Deliveries to the agent's own webhook, newest first, as a bare array.
#[utoipa::path(
    get, path = "/v1/agents/{agent_id}/webhook/deliveries", tag = "agent-webhooks",
    operation_id = "listAgentDeliveries",
    params(("agent_id" = String, Path, description = "The agent"), LogQuery),
    responses(
        (status = 200, body = Vec<DeliveryView>, description = "One page of the log"),
        (status = 404, description = "Agent not found"),
    )
)]
pub(crate) async fn deliveries(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    Query(query): Query<LogQuery>,
) -> Result<Json<Vec<DeliveryView>>, ApiError> {
    agents::find(&app, &caller, &id).await?;
    let page = app.store().deliveries(&caller.account, Some(&id), query.since(&app), query.page()).await?;
    Ok(Json(page.data.into_iter().map(DeliveryView::from).collect()))
}
