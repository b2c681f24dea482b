//! A thread as lists show it (contract §7.1).

use offhook_model::{
    Timestamp,
    id::{AgentId, ConversationId, NumberId},
};
use offhook_store::Conversation;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A thread in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationSummary, example = json!({
    "id": "conv_01", "agentId": "agt_abc123", "phoneNumberId": "num_xyz789", "phoneNumber": "+14155551234",
    "participant": "+14155559876", "channel": "sms", "isGroup": false, "groupId": null, "groupName": null,
    "groupIconUrl": null, "participants": null, "lastMessageAt": "2025-01-15T10:31:00Z",
    "lastMessagePreview": "Hi!", "messageCount": 3, "metadata": null, "createdAt": "2025-01-10T09:00:00Z"
}))]
pub struct ConversationView {
    /// `conv_…`.
    #[schema(value_type = String)]
    pub id: ConversationId,
    /// The agent of its number.
    #[schema(value_type = Option<String>, required)]
    pub agent_id: Option<AgentId>,
    /// Our number's id.
    #[schema(value_type = String)]
    pub phone_number_id: NumberId,
    /// Our number.
    pub phone_number: String,
    /// The other side: a number, or a group's id.
    pub participant: String,
    /// `sms`, `mms`, `imessage`, `whatsapp`, `rcs`.
    pub channel: String,
    /// Whether it has several participants.
    pub is_group: bool,
    /// `grp_…`.
    #[schema(required)]
    pub group_id: Option<String>,
    /// The group's name.
    #[schema(required)]
    pub group_name: Option<String>,
    /// The group's picture.
    #[schema(required)]
    pub group_icon_url: Option<String>,
    /// Members of a group: `[{identifier, name}]`.
    #[schema(value_type = Option<Vec<Object>>, required)]
    pub participants: Option<Value>,
    /// When the last message came or went.
    #[schema(value_type = String, format = DateTime)]
    pub last_message_at: Timestamp,
    /// How the last message begins.
    pub last_message_preview: String,
    /// Messages in it.
    pub message_count: u32,
    /// The owner's data.
    #[schema(value_type = Option<Object>, required)]
    pub metadata: Option<Value>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl From<Conversation> for ConversationView {
    fn from(thread: Conversation) -> Self {
        Self {
            id: thread.id,
            agent_id: thread.agent_id,
            phone_number_id: thread.number_id,
            phone_number: thread.phone_number,
            participant: thread.participant,
            channel: thread.channel,
            is_group: thread.is_group,
            group_id: thread.group_id,
            group_name: thread.group_name,
            group_icon_url: thread.group_icon_url,
            participants: thread.participants,
            last_message_at: thread.last_message_at,
            last_message_preview: thread.last_message_preview,
            message_count: thread.message_count,
            metadata: thread.metadata,
            created_at: thread.created_at,
        }
    }
}
