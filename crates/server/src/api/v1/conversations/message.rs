//! A message of a thread as clients see it (contract §7.2).

use std::collections::HashMap;

use offhook_model::{
    Timestamp,
    id::{AccountId, MessageId, ReactionId},
    message::{Channel, Message, MessageDirection},
};
use offhook_store::Reaction;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{app::App, error::ApiError};

/// A message of a thread.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationMessage, example = json!({
    "id": "msg_01", "body": "Hi!", "fromNumber": "+14155559876", "toNumber": "+14155551234",
    "direction": "inbound", "senderIdentifier": null, "channel": "sms", "mediaUrl": null, "mediaUrls": [],
    "receivedAt": "2025-01-15T10:31:00Z", "reactions": [], "replyTo": null, "status": "received",
    "failureReason": null, "errorCode": null, "deliveredAt": null, "deliveredChannel": null, "readAt": null,
    "content": null
}))]
pub struct MessageView {
    /// `msg_…`.
    #[schema(value_type = String)]
    pub id: MessageId,
    /// The words; empty when there is only media.
    pub body: String,
    /// Who sent it.
    pub from_number: String,
    /// Whom it was for: a number, a mail address, or a group's id.
    pub to_number: String,
    /// Which way it went.
    pub direction: MessageDirection,
    /// Who of a group wrote it.
    #[schema(required)]
    pub sender_identifier: Option<String>,
    /// How it travelled.
    pub channel: Channel,
    /// The first of `mediaUrls`.
    #[schema(required)]
    pub media_url: Option<String>,
    /// Its media, in order.
    pub media_urls: Vec<String>,
    /// When it was accepted or received.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// Reactions to it, first one first.
    pub reactions: Vec<ReactionView>,
    /// The message it answers.
    #[schema(required)]
    pub reply_to: Option<ReplyView>,
    /// `queued`, `sent`, `delivered`, `read`, `failed`; inbound `received`.
    pub status: String,
    /// Why it failed, in words.
    #[schema(required)]
    pub failure_reason: Option<String>,
    /// Why it failed, the provider's code.
    #[schema(required)]
    pub error_code: Option<String>,
    /// When it arrived.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub delivered_at: Option<Timestamp>,
    /// How it arrived, which may differ from how it was sent.
    #[schema(required)]
    pub delivered_channel: Option<Channel>,
    /// When it was read.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub read_at: Option<Timestamp>,
    /// WhatsApp's rich content.
    #[schema(value_type = Option<Object>, required)]
    pub content: Option<Value>,
}

/// A reaction to a message.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessageReaction)]
pub struct ReactionView {
    /// `rxn_…`.
    #[schema(value_type = String)]
    pub id: ReactionId,
    /// `love`, `like`, `dislike`, `laugh`, `emphasize`, `question`, or an emoji.
    pub reaction_type: String,
    /// Who reacted.
    pub from_number: String,
    /// Whether it was us.
    pub direction: MessageDirection,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// What a message answers.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RepliedMessage)]
pub struct ReplyView {
    /// `msg_…`.
    #[schema(value_type = String)]
    pub message_id: MessageId,
    /// Its words.
    pub message: String,
    /// Its media.
    pub media_urls: Vec<String>,
}

/// Shows a stretch of one thread's messages, in its order.
///
/// # Errors
/// What the store answered.
pub async fn show(
    app: &App,
    account: &AccountId,
    stretch: Vec<Message>,
) -> Result<Vec<MessageView>, ApiError> {
    let mut reactions = app.store().reactions(account, &stretch).await?;
    let answered = app.store().answered_messages(account, &stretch).await?;
    let view = |message: Message| {
        let own = reactions.remove(&message.id).unwrap_or_default();
        MessageView::of(message, own, &answered)
    };
    Ok(stretch.into_iter().map(view).collect())
}

impl MessageView {
    fn of(message: Message, reactions: Vec<Reaction>, answered: &HashMap<MessageId, Message>) -> Self {
        let media_urls = message.media_urls();
        let reply_to = message.reply_to.as_ref().and_then(|id| answered.get(id)).map(|answered| ReplyView {
            message_id: answered.id.clone(),
            message: answered.body.clone(),
            media_urls: answered.media_urls(),
        });
        Self {
            id: message.id,
            body: message.body,
            from_number: message.from,
            to_number: message.to,
            direction: message.direction,
            sender_identifier: message.sender,
            channel: message.channel,
            media_url: media_urls.first().cloned(),
            media_urls,
            received_at: message.at,
            reactions: reactions.into_iter().map(ReactionView::from).collect(),
            reply_to,
            status: message.status.shown().to_owned(),
            failure_reason: message.failure_reason,
            error_code: message.error_code,
            delivered_at: message.delivered_at,
            delivered_channel: message.delivered_channel,
            read_at: message.read_at,
            content: message.content,
        }
    }
}

impl From<Reaction> for ReactionView {
    fn from(reaction: Reaction) -> Self {
        Self {
            id: reaction.id,
            reaction_type: reaction.reaction,
            from_number: reaction.person,
            direction: reaction.direction,
            created_at: reaction.created_at,
        }
    }
}
