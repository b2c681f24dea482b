//! `GET /v1/agents/{agent_id}/conversations`.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;

use crate::{
    api::v1::conversations::ConversationView,
    app::App,
    auth::Caller,
    error::ApiError,
    input::Query,
    page::{Page, Paged},
    path::Path,
};

/// An agent's message threads, last active first.
#[utoipa::path(
    get, path = "/v1/agents/{agent_id}/conversations", tag = "agents",
    operation_id = "listAgentConversations",
    params(("agent_id" = String, Path, description = "The agent"), Page),
    responses(
        (status = 200, body = Paged<ConversationView>, description = "One page of threads"),
        (status = 404, description = "Agent not found"),
    )
)]
pub(crate) async fn conversations(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    Query(page): Query<Page>,
) -> Result<Json<Paged<ConversationView>>, ApiError> {
    super::find(&app, &caller, &id).await?;
    let threads = app.store().conversations(&caller.account, Some(&id), page.into()).await?;
    Ok(Json(Paged::of(threads, ConversationView::from)))
}
