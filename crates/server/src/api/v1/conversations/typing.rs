//! `POST /v1/conversations/{conversation_id}/typing`.

use axum::{Json, extract::State};
use offhook_model::{id::ConversationId, message::Channel};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, auth::Caller, conversations, error::ApiError, input::Input, path::Path};

/// The bubble is shown, or was dropped on the way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TypingSent, example = json!({"conversationId": "conv_01", "channel": "imessage", "status": "sent"}))]
pub(crate) struct TypingView {
    /// The thread.
    #[schema(value_type = String)]
    conversation_id: ConversationId,
    /// Always `imessage`.
    channel: Channel,
    /// Always `sent`.
    status: &'static str,
}

/// Shows the other side of an iMessage thread that somebody types. Best
/// effort; it goes by itself after a few seconds.
#[utoipa::path(
    post, path = "/v1/conversations/{conversation_id}/typing", tag = "conversations",
    operation_id = "sendTypingIndicator",
    params(("conversation_id" = String, Path, description = "The thread's id")),
    responses(
        (status = 200, body = TypingView, description = "It is on its way"),
        (status = 400, description = "Not an iMessage thread"),
        (status = 404, description = "Conversation not found"),
    )
)]
pub(crate) async fn typing(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Input(()): Input<()>,
) -> Result<Json<TypingView>, ApiError> {
    let thread = super::find(&app, &caller, &id).await?;
    conversations::type_in(&app, &caller.account, &thread).await?;
    Ok(Json(TypingView { conversation_id: thread.id, channel: Channel::Imessage, status: "sent" }))
}
