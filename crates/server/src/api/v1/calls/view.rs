//! How calls look from outside (contract §5.1, §5.2).

use offhook_model::{
    Timestamp,
    call::{Direction, EndReason},
    report::TurnLatency,
};
use offhook_store::{Call, StoredTurn};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, calls::exchanges::exchanges};

/// Characters of the last turn that lists show.
const SNIPPET_CHARS: usize = 200;

/// How a call travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CallType {
    /// Over the phone network.
    Pstn,
    /// From a browser.
    Web,
}

impl From<Direction> for CallType {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Web => Self::Web,
            Direction::Inbound | Direction::Outbound => Self::Pstn,
        }
    }
}

/// A call in a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "call_01", "agentId": "agt_abc123", "agentName": "Support Bot", "phoneNumberId": "num_xyz789",
    "phoneNumber": "+14155551234", "fromNumber": "+14155559876", "toNumber": "+14155551234",
    "direction": "inbound", "type": "pstn", "status": "completed", "startedAt": "2025-01-15T10:30:00Z",
    "endedAt": "2025-01-15T10:32:30Z", "durationSeconds": 150, "lastTranscriptSnippet": "Thanks, bye.",
    "recordingUrl": null, "recordingAvailable": false}))]
pub struct CallSummaryView {
    /// Its id; unguessable, because its recording is public by it.
    pub id: String,
    /// The agent that talks; null once it is deleted.
    pub agent_id: Option<String>,
    /// The agent's name when the call began.
    pub agent_name: Option<String>,
    /// Our number's id.
    pub phone_number_id: Option<String>,
    /// Our number.
    pub phone_number: Option<String>,
    /// The calling party.
    pub from_number: String,
    /// The called party.
    pub to_number: String,
    /// `inbound`, `outbound` or `web`.
    pub direction: Direction,
    /// `pstn` or `web`.
    #[serde(rename = "type")]
    pub kind: CallType,
    /// `in-progress`, `completed` or `failed`; `ending` in the answer to a request to end it.
    #[schema(value_type = String)]
    pub status: &'static str,
    /// Arrival or creation.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// End.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Whole seconds from answer to end; null until then.
    pub duration_seconds: Option<i64>,
    /// The last words so far.
    pub last_transcript_snippet: Option<String>,
    /// Where the recording is; null while there is none.
    pub recording_url: Option<String>,
    /// Whether a recording exists.
    pub recording_available: bool,
}

/// One caller utterance and what the agent answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeView {
    /// Id of the turn that opened the row.
    pub id: String,
    /// The caller's words; empty when the agent spoke first.
    pub transcript: String,
    /// Of recognition, 0 to 1.
    pub confidence: Option<f64>,
    /// The agent's answer; null when silent or pending.
    pub response: Option<String>,
    /// When the row was opened.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// What the caller waited for the answer, by its parts.
    pub latency: Option<LatencyView>,
    /// Whether the caller cut the answer short; `response` is what was heard.
    pub interrupted: bool,
}

/// The parts of one wait, ms; they sum to `totalMs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatencyView {
    /// Silence waited through to be sure the caller had finished.
    pub end_of_turn_ms: u32,
    /// From there to the final words.
    pub stt_ms: u32,
    /// To the brain's first words.
    pub brain_ms: u32,
    /// To the first audio of synthesis.
    pub tts_ms: u32,
    /// To the first packet sent.
    pub playout_ms: u32,
    /// The whole wait.
    pub total_ms: u32,
}

impl From<TurnLatency> for LatencyView {
    fn from(latency: TurnLatency) -> Self {
        Self {
            end_of_turn_ms: latency.end_of_turn_ms,
            stt_ms: latency.stt_ms,
            brain_ms: latency.brain_ms,
            tts_ms: latency.tts_ms,
            playout_ms: latency.playout_ms,
            total_ms: latency.total_ms(),
        }
    }
}

/// A call with its transcript.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "call_01", "agentId": "agt_abc123", "agentName": "Support Bot", "phoneNumberId": "num_xyz789",
    "phoneNumber": "+14155551234", "fromNumber": "+14155559876", "toNumber": "+14155551234",
    "direction": "inbound", "type": "pstn", "status": "completed", "startedAt": "2025-01-15T10:30:00Z",
    "endedAt": "2025-01-15T10:32:30Z", "durationSeconds": 150, "lastTranscriptSnippet": "Thanks, bye.",
    "recordingUrl": null, "recordingAvailable": false, "transcripts": [{"id": "tr_01",
    "transcript": "What are your hours?", "confidence": 0.95, "response": "We are open nine to five.",
    "createdAt": "2025-01-15T10:30:20Z", "interrupted": false}], "summary": null, "userSentiment": null, "callSuccessful": null,
    "disconnectionReason": "user_hangup", "retellCallId": null}))]
pub struct CallDetail {
    /// What lists show too.
    #[serde(flatten)]
    pub call: CallSummaryView,
    /// One row per caller utterance.
    pub transcripts: Vec<ExchangeView>,
    /// Written by the model after the call; null without one.
    pub summary: Option<String>,
    /// `Positive`, `Negative`, `Neutral` or `Unknown`.
    pub user_sentiment: Option<String>,
    /// Whether the call reached its aim.
    pub call_successful: Option<bool>,
    /// Why it ended.
    #[schema(value_type = Option<EndReason>)]
    pub disconnection_reason: Option<EndReason>,
    /// Always null; the MCP server reads it.
    pub retell_call_id: Option<String>,
}

/// The summary of a call whose last words are `snippet`.
#[must_use]
pub fn summary(app: &App, call: &Call, snippet: Option<&str>) -> CallSummaryView {
    let recording_available = call.recording.is_some() && !call.recording_disabled;
    let recording_on = app.settings().recordings.is_some();
    CallSummaryView {
        agent_id: call.agent_id.as_ref().map(ToString::to_string),
        agent_name: call.agent_name.clone(),
        phone_number_id: call.number_id.as_ref().map(ToString::to_string),
        phone_number: call.phone_number.as_ref().map(ToString::to_string),
        from_number: call.from.clone(),
        to_number: call.to.clone(),
        direction: call.direction,
        kind: call.direction.into(),
        status: call.state.status().as_str(),
        started_at: call.started_at,
        ended_at: call.ended_at,
        duration_seconds: duration_seconds(call),
        last_transcript_snippet: snippet.map(|text| text.chars().take(SNIPPET_CHARS).collect()),
        recording_url: (recording_available && recording_on)
            .then(|| format!("{}/v1/calls/{}/recording", app.settings().public_url, call.id)),
        recording_available,
        id: call.id.to_string(),
    }
}

/// The whole call.
#[must_use]
pub fn detail(app: &App, call: &Call, turns: &[StoredTurn]) -> CallDetail {
    CallDetail {
        call: summary(app, call, turns.last().map(|stored| stored.turn.text.as_str())),
        transcripts: rows(turns),
        summary: None,
        user_sentiment: None,
        call_successful: None,
        disconnection_reason: call.state.end_reason(),
        retell_call_id: None,
    }
}

/// The exchange rows of a transcript.
#[must_use]
pub fn rows(turns: &[StoredTurn]) -> Vec<ExchangeView> {
    let flat: Vec<_> = turns.iter().map(|stored| stored.turn.clone()).collect();
    let id_of = |index: u32| {
        turns.iter().find(|stored| stored.turn.index == index).map(|stored| stored.id.to_string())
    };
    exchanges(&flat)
        .into_iter()
        .map(|row| ExchangeView {
            id: id_of(row.opened_by).unwrap_or_default(),
            transcript: row.transcript,
            confidence: row.confidence,
            response: row.response,
            created_at: row.created_at,
            latency: row.latency.map(LatencyView::from),
            interrupted: row.interrupted,
        })
        .collect()
}

/// Whole seconds of conversation, rounded down; null until the call is over.
#[must_use]
pub fn duration_seconds(call: &Call) -> Option<i64> {
    call.talk_time.map(|time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}
