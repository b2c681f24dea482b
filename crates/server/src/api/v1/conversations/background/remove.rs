//! `DELETE /v1/conversations/{conversation_id}/background`.

use axum::extract::State;
use http::StatusCode;
use offhook_model::id::ConversationId;

use crate::{
    api::v1::conversations, app::App, auth::Caller, conversations::background, error::ApiError, path::Path,
};

/// Takes a thread's background picture away; also when there is none.
#[utoipa::path(
    delete, path = "/v1/conversations/{conversation_id}/background", tag = "conversations",
    operation_id = "removeChatBackground",
    params(("conversation_id" = String, Path, description = "The thread's id")),
    responses(
        (status = 204, description = "There is none now"),
        (status = 404, description = "Conversation not found"),
        (status = 502, description = "The carrier refused"),
    )
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
) -> Result<StatusCode, ApiError> {
    let thread = conversations::find(&app, &caller, &id).await?;
    background::remove(&app, &caller.account, &thread).await?;
    Ok(StatusCode::NO_CONTENT)
}
