//! `GET /v1/conversations`.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;
use utoipa::IntoParams;

use super::ConversationView;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Query, Read, rules::text},
    page::{Page, Paged},
};

/// Which threads.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct ListConversations {
    /// Only this agent's; an unknown one has none.
    #[param(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Entries per page.
    #[param(minimum = 1, maximum = 100, default = 20, required = false)]
    limit: u32,
    /// Entries to skip.
    #[param(minimum = 0, default = 0, required = false)]
    offset: u32,
}

impl Read for ListConversations {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let Page { limit, offset } = Page::read_with(fields, 20, 100);
        Some(Self { agent_id: fields.optional("agentId", text()).map(AgentId::from), limit, offset })
    }
}

/// The account's message threads, last active first.
#[utoipa::path(
    get, path = "/v1/conversations", tag = "conversations", operation_id = "listConversations",
    params(ListConversations),
    responses((status = 200, body = Paged<ConversationView>, description = "One page of threads"))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(ListConversations { agent_id, limit, offset }): Query<ListConversations>,
) -> Result<Json<Paged<ConversationView>>, ApiError> {
    let page = Page { limit, offset };
    let threads = app.store().conversations(&caller.account, agent_id.as_ref(), page.into()).await?;
    Ok(Json(Paged::of(threads, ConversationView::from)))
}
