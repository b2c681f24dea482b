//! The `agent.call_ended` event (contract `webhooks.md` §4.3).

use std::time::Duration;

use offhook_model::{
    Timestamp,
    call::CallState,
    report::Turn,
    webhook::{CallEndedData, Envelope, TranscriptLine, Webhook},
};
use offhook_store::{Call, NewEvent};

use super::party::Party;
use crate::webhooks::Addressed;

/// The event's name.
pub const CALL_ENDED: &str = "agent.call_ended";

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The state it ends in.
    pub state: CallState,
    /// When.
    pub at: Timestamp,
    /// From answer to end.
    pub talk_time: Duration,
}

/// The event for `webhook`, with the full transcript and what is known of the
/// other side.
///
/// # Errors
/// Only if the metadata cannot be written as JSON, which stored JSON can.
pub fn call_ended(
    call: &Call,
    end: End,
    turns: impl IntoIterator<Item = Turn>,
    party: Party,
    webhook: &Webhook,
    now: Timestamp,
) -> Result<NewEvent, serde_json::Error> {
    let transcript = turns
        .into_iter()
        .map(|turn| TranscriptLine { role: turn.role.as_str().to_owned(), content: turn.text })
        .collect();
    let envelope = Envelope {
        event: CALL_ENDED.to_owned(),
        channel: "voice".to_owned(),
        timestamp: now,
        agent_id: call.agent_id.clone(),
        test: None,
        data: CallEndedData {
            call_id: call.id.to_string(),
            number_id: call.number_id.as_ref().map(ToString::to_string),
            from: call.from.clone(),
            to: call.to.clone(),
            contact: party.contact,
            direction: call.direction.as_str().to_owned(),
            status: end.state.status().as_str().to_owned(),
            started_at: call.started_at,
            ended_at: end.at,
            duration_seconds: i64::try_from(end.talk_time.as_secs()).unwrap_or(i64::MAX),
            disconnection_reason: end.state.end_reason().map(|reason| reason.as_str().to_owned()),
            transcript,
            summary: None,
            user_sentiment: None,
            call_successful: None,
            metadata: call.metadata.clone(),
        },
        conversation_state: party.conversation_state,
        recent_history: Vec::new(),
    };
    Addressed::to(webhook).about(&call.id).within(&call.id).event(&envelope)
}
