//! What a running call tells its host, in order.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, agent::words, call::EndReason};

words! {
    /// Who spoke.
    Role {
        /// The agent.
        #[default] Agent = "agent",
        /// The other party.
        User = "user",
    }
}

/// One event of a call. Per call they arrive in order; `Ended` is the last,
/// and comes exactly once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CallReport {
    /// 18x was sent or received.
    Ringing {
        /// When.
        at: Timestamp,
    },
    /// The call was answered.
    Answered {
        /// When.
        at: Timestamp,
    },
    /// A finished turn: the caller's final words, or what was heard of the agent.
    Turn(Turn),
    /// One voice turn's exchange with the webhook, for the delivery log.
    Exchange(WebhookExchange),
    /// The call is over.
    Ended(Ended),
}

/// A finished turn. Never changed afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// 0, 1, 2… within the call.
    pub index: u32,
    /// Who spoke.
    pub role: Role,
    /// The words; an interrupted agent's text ends where it was cut off.
    pub text: String,
    /// Of recognition, 0 to 1; none for the agent.
    pub confidence: Option<f64>,
    /// When it began.
    pub at: Timestamp,
    /// Whether the caller cut it off.
    pub interrupted: bool,
    /// What the caller waited for this agent turn.
    pub latency: Option<TurnLatency>,
}

/// The parts of one wait: they sum to what the caller waited between their
/// last sound and the agent's first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnLatency {
    /// Silence waited through to be sure the caller had finished, ms.
    pub end_of_turn_ms: u32,
    /// From there to the final words, ms.
    pub stt_ms: u32,
    /// To the brain's first words, ms.
    pub brain_ms: u32,
    /// To the first audio of synthesis, ms.
    pub tts_ms: u32,
    /// To the first packet sent, ms.
    pub playout_ms: u32,
}

impl TurnLatency {
    /// The whole wait, ms.
    #[must_use]
    pub fn total_ms(&self) -> u32 {
        self.end_of_turn_ms + self.stt_ms + self.brain_ms + self.tts_ms + self.playout_ms
    }
}

/// One request to the webhook during a call (`webhooks.md` §6: recorded as a delivery).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebhookExchange {
    /// `X-Webhook-ID`, a UUID.
    pub delivery_id: String,
    /// The body sent.
    pub request_body: String,
    /// HTTP status, when one came.
    pub http_status: Option<u16>,
    /// What went wrong, e.g. `HTTP 500` or `timeout after 30s`.
    pub error: Option<String>,
    /// The first 10 000 characters of the reply.
    pub response_body: Option<String>,
    /// When it was sent.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
}

/// The end of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Why.
    pub reason: EndReason,
    /// When.
    pub at: Timestamp,
    /// Seconds of conversation in exact form; zero when never answered.
    pub talk_time: Duration,
    /// The recording, when one was kept.
    pub recording: Option<PathBuf>,
}
