//! `POST /v1/messages/{message_id}/reactions`.

use axum::{Json, extract::State};
use offhook_model::{
    id::{MessageId, ReactionId},
    message::Channel,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules::text},
    path::Path,
    reactions::{self, Wanted},
};

/// How to react.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"reaction": "love"}))]
pub(crate) struct SendReaction {
    /// `love`, `like`, `dislike`, `laugh`, `emphasize`, `question`, or one emoji.
    #[schema(value_type = String)]
    reaction: Wanted,
}

impl Read for SendReaction {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let reaction = fields.required("reaction", text().chars(1..=64))?;
        let Some(reaction) = Wanted::read(&reaction) else {
            let words = "'love', 'like', 'dislike', 'laugh', 'emphasize', 'question' or one emoji";
            fields.fault("reaction", "literal_error", format!("Input should be {words}"));
            return None;
        };
        Some(Self { reaction })
    }
}

/// The reaction that was sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SentReaction, example = json!({
    "id": "rxn_01", "reaction_type": "love", "message_id": "msg_09", "channel": "imessage"
}))]
pub(crate) struct ReactionSent {
    /// `rxn_…`.
    #[schema(value_type = String)]
    id: ReactionId,
    /// The word, or the emoji.
    reaction_type: String,
    /// The message.
    #[schema(value_type = String)]
    message_id: MessageId,
    /// `imessage` or `whatsapp`.
    channel: Channel,
}

/// Reacts to a message of iMessage or WhatsApp; a new reaction takes the place
/// of the one before.
#[utoipa::path(
    post, path = "/v1/messages/{message_id}/reactions", tag = "messages", operation_id = "sendReaction",
    params(("message_id" = String, Path, description = "The message's id")),
    request_body = SendReaction,
    responses(
        (status = 200, body = ReactionSent, description = "The reaction"),
        (status = 400, description = "A text of the phone network, or an emoji where only tapbacks are"),
        (status = 404, description = "Message not found"),
        (status = 409, description = "It is not known whether it left; do not repeat it blindly"),
        (status = 502, description = "The carrier failed"),
    )
)]
pub(crate) async fn react(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MessageId>,
    Input(body): Input<SendReaction>,
) -> Result<Json<ReactionSent>, ApiError> {
    let (reaction, channel) = reactions::react(&app, &caller.account, &id, &body.reaction).await?;
    Ok(Json(ReactionSent {
        id: reaction.id,
        reaction_type: reaction.reaction,
        message_id: reaction.message_id,
        channel,
    }))
}
