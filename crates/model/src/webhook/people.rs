//! `data` of `agent.reaction` and `agent.contact_shared` (`webhooks.md` §4.4, §4.5).

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Somebody's reaction to a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReactionData {
    /// The thread.
    pub conversation_id: String,
    /// Our number's id.
    pub number_id: String,
    /// `love`, `like`, `dislike`, `laugh`, `emphasize`, `question`, or an emoji.
    pub reaction_type: String,
    /// Who reacted.
    pub from_number: String,
    /// Always `inbound`.
    pub direction: String,
    /// The message reacted to.
    pub message_id: String,
    /// Its words.
    pub message_body: String,
    /// The first of `message_media_urls`.
    pub message_media_url: Option<String>,
    /// Its media.
    pub message_media_urls: Vec<String>,
    /// When.
    pub created_at: Timestamp,
}

/// Contacts somebody shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactSharedData {
    /// The thread.
    pub conversation_id: String,
    /// Our number's id.
    pub number_id: String,
    /// Who shared them.
    pub from: String,
    /// Our number.
    pub to: String,
    /// Always `inbound`.
    pub direction: String,
    /// The message they came in.
    pub message_id: String,
    /// What was shared.
    pub contacts: Vec<SharedContactData>,
    /// When.
    pub received_at: Timestamp,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedContactData {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The name as a whole.
    pub display_name: Option<String>,
    /// Numbers.
    pub phone_numbers: Vec<String>,
    /// Mail addresses.
    pub emails: Vec<String>,
}
