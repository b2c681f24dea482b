//! All a call needs to know, fixed when it starts.
//!
//! The engine never asks the store: a call begins from a [`CallPlan`] and
//! reports what happens ([`crate::report`]). Later changes of the agent
//! touch the next call only (contract §1.2).

use std::{path::PathBuf, time::Duration};

use serde_json::Value;

use crate::{
    agent::{AmbientSound, DenoisingMode, ModelTier, SttMode},
    call::Direction,
    e164::E164,
    id::{AccountId, AgentId, CallId, NumberId},
    tool::CustomTool,
    webhook::{EventContact, Webhook},
};

/// A call, ready to run. `{{variables}}` are already replaced.
#[derive(Debug, Clone)]
pub struct CallPlan {
    /// The call's id.
    pub call_id: CallId,
    /// Its owner.
    pub account_id: AccountId,
    /// The agent that talks.
    pub agent_id: AgentId,
    /// The agent's name, for prompts and screening.
    pub agent_name: String,
    /// Our number.
    pub number_id: Option<NumberId>,
    /// The calling party as the API shows it.
    pub from: String,
    /// The called party as the API shows it.
    pub to: String,
    /// Who started it.
    pub direction: Direction,
    /// The other party's entry in the address book.
    pub contact: Option<EventContact>,
    /// Who thinks.
    pub brain: BrainPlan,
    /// The first words.
    pub greeting: Greeting,
    /// How the agent sounds.
    pub voice: VoicePlan,
    /// Recognition mode.
    pub stt_mode: SttMode,
    /// Background sound.
    pub ambient_sound: AmbientSound,
    /// Cleaning of the caller's audio.
    pub denoising_mode: DenoisingMode,
    /// 0 never interrupt, 1 at the first sound.
    pub interruption_sensitivity: f64,
    /// Short acknowledgements while the caller speaks.
    pub enable_backchannel: bool,
    /// Hang up after this long without caller speech.
    pub max_silence: Duration,
    /// Hang up this long after the answer.
    pub max_duration: Duration,
    /// Where a transfer goes.
    pub transfer_number: Option<E164>,
    /// Spoken to an answering machine.
    pub voicemail_message: Option<String>,
    /// Who and why, for screening assistants.
    pub screening: Option<Screening>,
    /// The WAV file to write; none when recording is off for this call.
    pub recording: Option<PathBuf>,
}

/// Answers for call-screening assistants; both are known or there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screening {
    /// Who is calling.
    pub identity: String,
    /// Why.
    pub purpose: String,
}

/// How the agent sounds.
#[derive(Debug, Clone, PartialEq)]
pub struct VoicePlan {
    /// Voice id of the catalogue, or any text (then the default voice speaks).
    pub id: String,
    /// Locale, e.g. `en-US`.
    pub language: String,
    /// Speech rate, 0.5 to 2.0.
    pub speed: f64,
}

/// The first words of a call (`voice-behaviour.md` §3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// Say this.
    Say(String),
    /// Wait until the other side speaks (`initialGreeting: ""`).
    Silent,
    /// The brain opens: an empty webhook turn, or the model.
    FromBrain,
}

/// Who thinks.
#[derive(Debug, Clone)]
pub enum BrainPlan {
    /// The configured model, or the extractive answerer when none is.
    Hosted {
        /// Instructions, variables replaced.
        system_prompt: String,
        /// Which configured model.
        tier: ModelTier,
        /// HTTP tools.
        tools: Vec<CustomTool>,
        /// Whether texts may be sent and read.
        messaging: bool,
    },
    /// The developer's server.
    Webhook {
        /// Where turns go.
        webhook: Webhook,
        /// The conversation's stored metadata.
        conversation_state: Option<Value>,
    },
}
