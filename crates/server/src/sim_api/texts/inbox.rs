//! `GET /offhook/v1/sim/handsets/{phone_number}/messages`: what a phone received.

use axum::{Json, extract::State};
use offhook_model::{id::MessageId, message::Channel};
use offhook_sim::texts::handset::Landed;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{phone, texts};
use crate::{app::App, auth::Caller, error::ApiError, path::Path};

/// A message that reached a phone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InboxMessage {
    /// The sender's id of it.
    #[schema(value_type = String)]
    message_id: MessageId,
    /// The network's name of it.
    external_id: String,
    /// Who sent it.
    from: String,
    /// How it came.
    channel: Channel,
    /// The words.
    body: String,
    /// Where its media are.
    media_urls: Vec<String>,
    /// The network's name of the group it was sent to.
    #[schema(required)]
    group: Option<String>,
    /// iMessage effect.
    #[schema(required)]
    send_style: Option<String>,
    /// The network's name of the message it answers.
    #[schema(required)]
    reply_to: Option<String>,
    /// WhatsApp's rich content.
    #[schema(value_type = Option<Object>, required)]
    content: Option<Value>,
}

impl From<Landed> for InboxMessage {
    fn from(landed: Landed) -> Self {
        Self {
            message_id: landed.reference,
            external_id: landed.carrier_id,
            from: landed.from,
            channel: landed.channel,
            body: landed.body,
            media_urls: landed.media.into_iter().map(|media| media.url).collect(),
            group: landed.group,
            send_style: landed.send_style,
            reply_to: landed.reply_to,
            content: landed.content,
        }
    }
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"data": [{
    "messageId": "msg_01", "externalId": "sim-text-1", "from": "+14155550100", "channel": "sms", "body": "Hello!",
    "mediaUrls": [], "group": null, "sendStyle": null, "replyTo": null, "content": null
}]}))]
pub(crate) struct Inbox {
    /// Oldest first; the latest 200 of each sender's account.
    data: Vec<InboxMessage>,
}

/// Lists what a simulated phone received from the account, and from the
/// platform itself (one-time codes).
#[utoipa::path(
    get, path = "/offhook/v1/sim/handsets/{phone_number}/messages", tag = "simulation",
    operation_id = "listHandsetMessages",
    params(("phone_number" = String, Path, description = "The phone, a short code, or an e-mail address")),
    responses(
        (status = 200, body = Inbox, description = "The inbox"),
        (status = 404, description = "The simulated carrier is off"),
    )
)]
pub(crate) async fn inbox(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
) -> Result<Json<Inbox>, ApiError> {
    let texts = texts(&app)?;
    let number = phone(&number);
    let platform = texts.inbox(None, &number);
    let own = texts.inbox(Some(&caller.account), &number);
    let data = platform.into_iter().chain(own).map(InboxMessage::from).collect();
    Ok(Json(Inbox { data }))
}
