//! `POST /v1/conversations/{conversation_id}/background`.

use axum::{Json, extract::State};
use offhook_model::{
    id::{BackgroundId, ConversationId},
    message::Channel,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::v1::conversations,
    app::App,
    auth::Caller,
    conversations::background::{self, Set},
    error::ApiError,
    input::{Fields, Input, Read, rules::text},
    path::Path,
};

/// Which picture.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"image_url": "https://example.com/hills.jpg"}))]
pub(crate) struct SetBackground {
    /// https; JPEG, PNG, GIF, WebP or HEIC of at most 10 MB.
    #[schema(max_length = 2048)]
    image_url: String,
}

impl Read for SetBackground {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let image_url = fields.required("image_url", text().trimmed().chars(1..=2048));
        Some(Self { image_url: image_url? })
    }
}

/// The thread's background.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatBackground, example = json!({
    "conversationId": "conv_01", "channel": "imessage", "hasBackground": true, "backgroundId": "bg_01",
    "backgroundVersion": 1, "changed": true
}))]
pub(crate) struct BackgroundView {
    /// The thread.
    #[schema(value_type = String)]
    conversation_id: ConversationId,
    /// Always `imessage`.
    channel: Channel,
    /// Always true.
    has_background: bool,
    /// `bg_…`; another one for every picture.
    #[schema(value_type = String)]
    background_id: BackgroundId,
    /// Grows by one with every picture.
    background_version: u32,
    /// Whether the picture is another one than before.
    changed: bool,
}

/// Sets the background picture both sides of an iMessage thread see.
#[utoipa::path(
    post, path = "/v1/conversations/{conversation_id}/background", tag = "conversations",
    operation_id = "setChatBackground",
    params(("conversation_id" = String, Path, description = "The thread's id")),
    request_body = SetBackground,
    responses(
        (status = 200, body = BackgroundView, description = "It is set"),
        (status = 400, description = "Not a 1:1 iMessage thread, or the picture cannot be used"),
        (status = 404, description = "Conversation not found"),
        (status = 502, description = "The carrier refused"),
    )
)]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Input(body): Input<SetBackground>,
) -> Result<Json<BackgroundView>, ApiError> {
    let thread = conversations::find(&app, &caller, &id).await?;
    let Set { id: background_id, version, changed } =
        background::set(&app, &caller.account, &thread, &body.image_url).await?;
    Ok(Json(BackgroundView {
        conversation_id: thread.id,
        channel: Channel::Imessage,
        has_background: true,
        background_id,
        background_version: version,
        changed,
    }))
}
