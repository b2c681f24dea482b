//! `GET /v1/numbers/{number_id}/messages` (contract §3.2).

use axum::{Json, extract::State};
use offhook_model::{
    Timestamp,
    id::{ConversationId, MessageId, NumberId},
    message::{Channel, Message, MessageDirection},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::Caller,
    cursor::{CursorQuery, Cursored},
    error::ApiError,
    input::Query,
    path::Path,
};

/// A message in a number's list. Sender and recipient stand under every name
/// that clients look for them.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NumberMessage, example = json!({
    "id": "msg_01", "from_": "+14155559876", "from": "+14155559876", "fromNumber": "+14155559876",
    "to": "+14155551234", "toNumber": "+14155551234", "body": "Hi!", "direction": "inbound", "channel": "sms",
    "status": "received", "failureReason": null, "mediaUrl": null, "mediaUrls": [],
    "conversationId": "conv_01", "receivedAt": "2025-01-15T10:31:00Z"
}))]
pub(crate) struct NumberMessageView {
    /// `msg_…`.
    #[schema(value_type = String)]
    id: MessageId,
    /// The sender.
    #[serde(rename = "from_")]
    from_underscore: String,
    /// The sender.
    from: String,
    /// The sender.
    from_number: String,
    /// The recipient.
    to: String,
    /// The recipient.
    to_number: String,
    /// The words.
    body: String,
    /// Which way it went.
    direction: MessageDirection,
    /// How it travelled.
    channel: Channel,
    /// `queued`, `sent`, `delivered`, `read`, `failed`; `received` of inbound ones.
    status: &'static str,
    /// Why it failed, or what is in doubt.
    #[schema(required)]
    failure_reason: Option<String>,
    /// The provider's code of a failure.
    #[schema(required)]
    error_code: Option<String>,
    /// The first of `mediaUrls`.
    #[schema(required)]
    media_url: Option<String>,
    /// Its media.
    media_urls: Vec<String>,
    /// Its thread.
    #[schema(value_type = String)]
    conversation_id: ConversationId,
    /// When it was received or accepted.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
}

impl From<Message> for NumberMessageView {
    fn from(message: Message) -> Self {
        let media_urls = message.media_urls();
        Self {
            id: message.id,
            from_underscore: message.from.clone(),
            from_number: message.from.clone(),
            from: message.from,
            to_number: message.to.clone(),
            to: message.to,
            body: message.body,
            direction: message.direction,
            channel: message.channel,
            status: message.status.shown(),
            failure_reason: message.failure_reason,
            error_code: message.error_code,
            media_url: media_urls.first().cloned(),
            media_urls,
            conversation_id: message.conversation_id,
            received_at: message.at,
        }
    }
}

/// Lists a number's messages, newest first; also when it was released. Only
/// those of the time the account held it.
#[utoipa::path(
    get, path = "/v1/numbers/{number_id}/messages", tag = "numbers", operation_id = "getMessages",
    params(("number_id" = String, Path, description = "The number"), CursorQuery),
    responses(
        (status = 200, body = Cursored<NumberMessageView>, description = "A page of messages"),
        (status = 404, description = "Phone number not found"),
    )
)]
pub(crate) async fn messages(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NumberId>,
    Query(query): Query<CursorQuery>,
) -> Result<Json<Cursored<NumberMessageView>>, ApiError> {
    let number = super::find(&app, &caller, &id).await?;
    let page = query.page(&app, &caller.account).await?;
    let found = app.store().messages_of_number(&caller.account, &number.id, &page).await?;
    Ok(Json(Cursored::of(found, NumberMessageView::from)))
}
