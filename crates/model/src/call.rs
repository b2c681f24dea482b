//! The life of a call: a pure transition table (contract `voice-behaviour.md` §2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::agent::words;

words! {
    /// Who started the call.
    Direction {
        /// Somebody phoned a number of ours.
        #[default] Inbound = "inbound",
        /// We phoned somebody.
        Outbound = "outbound",
        /// A browser joined.
        Web = "web",
    }
    /// Why a call ended. The first thirteen are the contract's words; the rest are Offhook's.
    EndReason {
        /// The other party hung up.
        #[default] UserHangup = "user_hangup",
        /// The agent hung up.
        AgentHangup = "agent_hangup",
        /// The call was handed to somebody else.
        CallTransfer = "call_transfer",
        /// An answering machine took the call.
        VoicemailReached = "voicemail_reached",
        /// Nobody spoke for `maxSilenceMs`.
        Inactivity = "inactivity",
        /// The plan's longest call was reached.
        MaxDurationReached = "max_duration_reached",
        /// The callee was busy (486, 600).
        DialBusy = "dial_busy",
        /// The callee could not be reached or refused.
        DialFailed = "dial_failed",
        /// The callee did not answer in time (408, 480, 487 after our CANCEL).
        DialNoAnswer = "dial_no_answer",
        /// The account's calls were all in use.
        ConcurrencyLimitReached = "concurrency_limit_reached",
        /// The account cannot pay.
        NoValidPayment = "no_valid_payment",
        /// Ended through `POST /v1/calls/{id}/end`.
        ApiHangup = "api_hangup",
        /// A fault of ours or of a provider.
        Error = "error",
        /// The caller gave up before the answer (CANCEL).
        CallerCancelled = "caller_cancelled",
        /// No RTP arrived for the configured time.
        MediaTimeout = "media_timeout",
        /// The process that held the call died.
        NodeLost = "node_lost",
        /// The process was asked to stop.
        Shutdown = "shutdown",
    }
}

words! {
    /// The three words the API renders.
    CallStatus {
        /// Not yet over.
        #[default] InProgress = "in-progress",
        /// Over after an answer.
        Completed = "completed",
        /// Over without one, or by a fault.
        Failed = "failed",
    }
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", content = "reason", rename_all = "kebab-case")]
pub enum CallState {
    /// Created; nothing has left yet.
    Queued,
    /// An INVITE is out, or one has come in.
    Dialing,
    /// The far end rings, or we ring for it.
    Ringing,
    /// Both sides talk.
    Answered,
    /// Over, having been answered.
    Completed(EndReason),
    /// Over without an answer, or by a fault.
    Failed(EndReason),
}

/// What may happen to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallInput {
    /// The INVITE leaves, or has arrived.
    Dial,
    /// 18x was sent or received.
    Ring,
    /// 200 was sent or received.
    Answer,
    /// It is over.
    End(EndReason),
}

/// The input does not fit the state; nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a call in state {state:?} cannot take {input:?}")]
pub struct BadTransition {
    /// Where the call stood.
    pub state: CallState,
    /// What came.
    pub input: CallInput,
}

impl CallState {
    /// The next state.
    ///
    /// # Errors
    /// [`BadTransition`] when the input does not fit; a call ends exactly once.
    pub fn on(self, input: CallInput) -> Result<Self, BadTransition> {
        use CallInput::{Answer, Dial, End, Ring};
        use CallState::{Answered, Dialing, Queued, Ringing};
        match (self, input) {
            (Queued, Dial) => Ok(Dialing),
            (Queued | Dialing | Ringing, Ring) => Ok(Ringing),
            (Queued | Dialing | Ringing, Answer) => Ok(Answered),
            (Queued | Dialing | Ringing, End(reason)) => Ok(Self::Failed(reason)),
            (Answered, End(reason)) if reason.is_fault() => Ok(Self::Failed(reason)),
            (Answered, End(reason)) => Ok(Self::Completed(reason)),
            (state, input) => Err(BadTransition { state, input }),
        }
    }

    /// The word the API renders.
    #[must_use]
    pub fn status(self) -> CallStatus {
        match self {
            Self::Queued | Self::Dialing | Self::Ringing | Self::Answered => CallStatus::InProgress,
            Self::Completed(_) => CallStatus::Completed,
            Self::Failed(_) => CallStatus::Failed,
        }
    }

    /// Why it ended, once it has.
    #[must_use]
    pub fn end_reason(self) -> Option<EndReason> {
        match self {
            Self::Completed(reason) | Self::Failed(reason) => Some(reason),
            _ => None,
        }
    }

    /// The finer word that list filters may ask for (contract §5.3): `ringing`,
    /// `busy`, `no-answer`, else the rendered status.
    #[must_use]
    pub fn fine_word(self) -> &'static str {
        match self {
            Self::Queued | Self::Dialing | Self::Ringing => "ringing",
            Self::Failed(EndReason::DialBusy) => "busy",
            Self::Failed(EndReason::DialNoAnswer) => "no-answer",
            other => other.status().as_str(),
        }
    }
}

impl EndReason {
    /// Whether an answered call with this reason counts as failed.
    #[must_use]
    pub fn is_fault(self) -> bool {
        matches!(self, Self::Error | Self::NodeLost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answered_call_completes() {
        let state = CallState::Queued.on(CallInput::Dial).unwrap().on(CallInput::Ring).unwrap();
        let state = state.on(CallInput::Answer).unwrap().on(CallInput::End(EndReason::UserHangup)).unwrap();
        assert_eq!(state.status(), CallStatus::Completed);
        assert_eq!(state.end_reason(), Some(EndReason::UserHangup));
    }

    #[test]
    fn a_busy_callee_fails_the_call_with_the_finer_word() {
        let state = CallState::Dialing.on(CallInput::End(EndReason::DialBusy)).unwrap();
        assert_eq!((state.status(), state.fine_word()), (CallStatus::Failed, "busy"));
    }

    #[test]
    fn a_call_ends_only_once() {
        let ended = CallState::Answered.on(CallInput::End(EndReason::AgentHangup)).unwrap();
        for input in
            [CallInput::End(EndReason::UserHangup), CallInput::Answer, CallInput::Ring, CallInput::Dial]
        {
            assert!(ended.on(input).is_err());
        }
    }

    #[test]
    fn words_round_trip_through_their_names() {
        for word in EndReason::WORDS {
            assert_eq!(EndReason::from_word(word).unwrap().as_str(), *word);
        }
    }
}
