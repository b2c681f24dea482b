//! `GET /v1/conversations/{conversation_id}/messages`.

use axum::{Json, extract::State};
use offhook_model::id::ConversationId;

use super::message::{self, MessageView};
use crate::{
    app::App,
    auth::Caller,
    cursor::{CursorQuery, Cursored},
    error::ApiError,
    input::Query,
    path::Path,
};

/// A thread's messages, newest first.
#[utoipa::path(
    get, path = "/v1/conversations/{conversation_id}/messages", tag = "conversations",
    operation_id = "getConversationMessages",
    params(("conversation_id" = String, Path, description = "The thread's id"), CursorQuery),
    responses(
        (status = 200, body = Cursored<MessageView>, description = "One page of messages"),
        (status = 404, description = "Conversation not found"),
    )
)]
pub(crate) async fn messages(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Query(query): Query<CursorQuery>,
) -> Result<Json<Cursored<MessageView>>, ApiError> {
    let thread = super::find(&app, &caller, &id).await?;
    let page = query.page(&app, &caller.account).await?;
    let page = app.store().messages_of_conversation(&caller.account, &thread.id, &page).await?;
    let data = message::show(&app, &caller.account, page.data).await?;
    Ok(Json(Cursored { data, has_more: page.has_more }))
}
