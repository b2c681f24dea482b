//! Webhook endpoints and the bodies sent to them (contract `webhooks.md`).

mod message;
mod people;

use serde::{Deserialize, Serialize};

pub use message::{EventGroup, MessageData, Participant, RepliedTo};
pub use people::{ContactSharedData, ReactionData, SharedContactData};

use crate::{
    Timestamp,
    id::{AccountId, AgentId, WebhookId},
};

/// Default of `contextLimit`.
pub const DEFAULT_CONTEXT_LIMIT: u8 = 10;
/// Default of `timeout`, in seconds.
pub const DEFAULT_TIMEOUT_S: u8 = 30;

/// A webhook as stored; `agent_id` null is the account's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Its owner.
    pub account_id: AccountId,
    /// The agent it replaces the account's webhook for.
    pub agent_id: Option<AgentId>,
    /// Where events go.
    pub url: String,
    /// The whole secret string, `whsec_` included, is the HMAC key.
    pub secret: String,
    /// Entries of history sent along, 0 to 50.
    pub context_limit: u8,
    /// Seconds a request may take, 5 to 120.
    pub timeout_s: u8,
    /// When it was last created or replaced.
    pub created_at: Timestamp,
}

/// The envelope of every event (`webhooks.md` §3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope<D> {
    /// `agent.message`, `agent.call_ended`, `agent.reaction`, `agent.contact_shared`.
    pub event: String,
    /// `sms`, `mms`, `imessage`, `whatsapp`, `rcs`, `voice`.
    pub channel: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The agent it belongs to.
    pub agent_id: Option<AgentId>,
    /// True on synthetic events only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<bool>,
    /// The event itself.
    pub data: D,
    /// The conversation's stored `metadata`.
    pub conversation_state: Option<serde_json::Value>,
    /// Earlier entries, oldest first.
    pub recent_history: Vec<HistoryEntry>,
}

/// One earlier entry of a thread or call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Absent on voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The words.
    pub content: String,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// As in the envelope.
    pub channel: String,
    /// When.
    pub at: Timestamp,
}

/// `data.contact`: the other party's entry in the address book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventContact {
    /// Contact id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Their mail address.
    pub email: Option<String>,
    /// Their number.
    pub phone_number: String,
}

/// `data` of a voice turn (`webhooks.md` §4.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VoiceTurnData {
    /// The call.
    pub call_id: String,
    /// Our number's id.
    pub number_id: Option<String>,
    /// The call's from.
    pub from: String,
    /// The call's to.
    pub to: String,
    /// Always `in-progress`.
    pub status: String,
    /// What the caller said.
    pub transcript: String,
    /// 0 to 1.
    pub confidence: f64,
    /// `inbound`, `outbound` or `web`.
    pub direction: String,
    /// The other party, when known.
    pub contact: Option<EventContact>,
}

/// One entry of the flat transcript in `agent.call_ended`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TranscriptLine {
    /// `agent` or `user`.
    pub role: String,
    /// The words.
    pub content: String,
}

/// `data` of `agent.call_ended` (`webhooks.md` §4.3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallEndedData {
    /// The call.
    pub call_id: String,
    /// Our number's id.
    pub number_id: Option<String>,
    /// The call's from.
    pub from: String,
    /// The call's to.
    pub to: String,
    /// The other party, when known.
    pub contact: Option<EventContact>,
    /// `inbound`, `outbound` or `web`.
    pub direction: String,
    /// `completed` or `failed`.
    pub status: String,
    /// Arrival or creation.
    pub started_at: Timestamp,
    /// End.
    pub ended_at: Timestamp,
    /// Seconds from answer to end.
    pub duration_seconds: i64,
    /// See `voice-behaviour.md` §2.
    pub disconnection_reason: Option<String>,
    /// The whole transcript.
    pub transcript: Vec<TranscriptLine>,
    /// Written by the model; null without one.
    pub summary: Option<String>,
    /// `Positive`, `Negative`, `Neutral`, `Unknown`.
    pub user_sentiment: Option<String>,
    /// Whether the call reached its aim.
    pub call_successful: Option<bool>,
    /// What `POST /v1/calls/web` stored with the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<serde_json::Value>,
}
