//! A thread with its messages and what can be done in it (contract §7.2).

use offhook_model::{Timestamp, id::AccountId, message::Channel};
use offhook_store::{Conversation, CursorPage};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    ConversationView,
    message::{self, MessageView},
};
use crate::{
    app::App,
    conversations::capabilities::{self, Capabilities},
    error::ApiError,
};

/// A thread with its latest messages.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Conversation, example = json!({
    "id": "conv_01", "agentId": "agt_abc123", "phoneNumberId": "num_xyz789", "phoneNumber": "+14155551234",
    "participant": "+14155559876", "channel": "sms", "isGroup": false, "groupId": null, "groupName": null,
    "groupIconUrl": null, "participants": null, "lastMessageAt": "2025-01-15T10:31:00Z",
    "lastMessagePreview": "Hi!", "messageCount": 1, "metadata": null, "createdAt": "2025-01-10T09:00:00Z",
    "messages": [{
        "id": "msg_01", "body": "Hi!", "fromNumber": "+14155559876", "toNumber": "+14155551234",
        "direction": "inbound", "senderIdentifier": null, "channel": "sms", "mediaUrl": null, "mediaUrls": [],
        "receivedAt": "2025-01-15T10:31:00Z", "reactions": [], "replyTo": null, "status": "received",
        "failureReason": null, "errorCode": null, "deliveredAt": null, "deliveredChannel": null, "readAt": null,
        "content": null
    }],
    "capabilities": {
        "canSendMessages": true, "sendDisabledReason": null, "sendChannel": "sms", "availableChannels": ["sms"],
        "mediaChannels": ["mms"], "media": true, "reactions": false, "emojiReactions": false
    }
}))]
pub struct DetailView {
    /// What lists show of it.
    #[serde(flatten)]
    pub summary: ConversationView,
    /// The latest messages, oldest first.
    pub messages: Vec<MessageView>,
    /// What can be done in it; null for groups.
    #[schema(required)]
    pub capabilities: Option<CapabilitiesView>,
}

/// What can be sent in a thread.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationCapabilities)]
pub struct CapabilitiesView {
    /// Whether anything can be sent now.
    pub can_send_messages: bool,
    /// Why not.
    #[schema(required)]
    pub send_disabled_reason: Option<String>,
    /// How a text would travel now.
    #[schema(required)]
    pub send_channel: Option<Channel>,
    /// Every channel that is open now.
    pub available_channels: Vec<Channel>,
    /// Those that carry media.
    pub media_channels: Vec<Channel>,
    /// Whether media can be sent.
    pub media: bool,
    /// Whether messages can be reacted to.
    pub reactions: bool,
    /// Whether a reaction may be any emoji.
    pub emoji_reactions: bool,
    /// Until when anything but templates can be sent; WhatsApp only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub whatsapp_window_expires_at: Option<Timestamp>,
}

impl DetailView {
    /// Loads the latest `limit` messages of a thread.
    ///
    /// # Errors
    /// What the store answered.
    pub async fn load(
        app: &App,
        account: &AccountId,
        thread: Conversation,
        limit: u32,
    ) -> Result<Self, ApiError> {
        let latest = CursorPage { limit, before: None, after: None };
        let mut messages = app.store().messages_of_conversation(account, &thread.id, &latest).await?.data;
        messages.reverse();
        let messages = message::show(app, account, messages).await?;
        let capabilities = capabilities::of(app, account, &thread).await?.map(CapabilitiesView::from);
        Ok(Self { summary: thread.into(), messages, capabilities })
    }
}

impl From<Capabilities> for CapabilitiesView {
    fn from(capabilities: Capabilities) -> Self {
        let channels = capabilities.channels;
        Self {
            can_send_messages: !channels.is_empty() && capabilities.disabled.is_none(),
            send_channel: channels.first().copied(),
            media_channels: channels.iter().copied().filter(|channel| *channel != Channel::Sms).collect(),
            media: channels.iter().any(|channel| *channel != Channel::Sms),
            available_channels: channels,
            send_disabled_reason: capabilities.disabled,
            reactions: capabilities.reactions,
            emoji_reactions: capabilities.emoji_reactions,
            whatsapp_window_expires_at: capabilities.whatsapp_window_ends,
        }
    }
}
