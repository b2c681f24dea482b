//! `data` of `agent.message` on text channels (`webhooks.md` §4.1).

use serde::{Deserialize, Serialize};

use super::EventContact;
use crate::Timestamp;

/// A text that arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageData {
    /// The message.
    pub message_id: String,
    /// The message, once more.
    pub id: String,
    /// The carrier's name of it.
    pub external_message_id: Option<String>,
    /// Its thread.
    pub conversation_id: String,
    /// Our number's id.
    pub number_id: String,
    /// Who wrote.
    pub from: String,
    /// Our number.
    pub to: String,
    /// The sender, when known.
    pub contact: Option<EventContact>,
    /// The words; empty for media only.
    pub message: String,
    /// The first of `media_urls`.
    pub media_url: Option<String>,
    /// Its media.
    pub media_urls: Vec<String>,
    /// Always `inbound`.
    pub direction: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The number's reference of its owner.
    pub external_id: Option<String>,
    /// Who of a group wrote it; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_identifier: Option<String>,
    /// Its group; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<EventGroup>,
    /// The message it answers; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<RepliedTo>,
}

/// A group in an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventGroup {
    /// Always true.
    pub is_group: bool,
    /// `grp_…`.
    pub group_id: String,
    /// Its name.
    pub group_name: Option<String>,
    /// Its picture.
    pub group_icon_url: Option<String>,
    /// Its members.
    pub participants: Vec<Participant>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// A number or a mail address.
    pub identifier: String,
    /// A name, when known.
    pub name: Option<String>,
}

/// A message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RepliedTo {
    /// Its id.
    pub message_id: String,
    /// Its words.
    pub message: String,
    /// Its media.
    pub media_urls: Vec<String>,
}
