//! `GET /v1/conversations/{conversation_id}`.

use axum::{Json, extract::State};
use offhook_model::id::ConversationId;
use utoipa::IntoParams;

use super::detail::DetailView;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Query, Read, rules::integer},
    path::Path,
};

/// How much of the thread.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct GetConversation {
    /// The latest so many messages.
    #[param(minimum = 1, maximum = 100, default = 50, required = false)]
    message_limit: u32,
}

impl Read for GetConversation {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional("message_limit", integer(1..=100));
        Some(Self { message_limit: limit.and_then(|limit| limit.try_into().ok()).unwrap_or(50) })
    }
}

/// One thread with its latest messages.
#[utoipa::path(
    get, path = "/v1/conversations/{conversation_id}", tag = "conversations", operation_id = "getConversation",
    params(("conversation_id" = String, Path, description = "The thread's id"), GetConversation),
    responses(
        (status = 200, body = DetailView, description = "The thread"),
        (status = 404, description = "Conversation not found"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(query): Query<GetConversation>,
) -> Result<Json<DetailView>, ApiError> {
    let thread = super::find(&app, &caller, &id).await?;
    Ok(Json(DetailView::load(&app, &caller.account, thread, query.message_limit).await?))
}
