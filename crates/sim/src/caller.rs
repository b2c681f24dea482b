//! A scripted person at an endpoint: calls, or takes a call, and really speaks.

use std::time::Duration;

use offhook_engine::{
    endpoint::{Endpoint, IncomingCall},
    host::DialTarget,
    leg::LegError,
};
use offhook_voice::speech::SpeechError;

use crate::{perform::perform, record::CallRecord, script::Script, speech::SpeechCache};

/// What is kept of the audio heard unless asked otherwise.
const KEEP: Duration = Duration::from_secs(300);

/// A call could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The party cannot speak.
    #[error("no speech for the script")]
    Speech(#[from] SpeechError),
    /// The endpoint refused.
    #[error("the call could not be placed")]
    Leg(#[from] LegError),
}

/// Somebody who calls by a script; cheap to clone.
#[derive(Clone)]
pub struct ScriptedCaller {
    endpoint: Endpoint,
    speech: SpeechCache,
    keep: Duration,
}

impl ScriptedCaller {
    /// A caller at this endpoint.
    #[must_use]
    pub fn new(endpoint: Endpoint, speech: SpeechCache) -> Self {
        Self { endpoint, speech, keep: KEEP }
    }

    /// Keeps the first `keep` of what is heard; five minutes by default.
    #[must_use]
    pub fn keeping(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// Calls, plays the script and returns when the call is over.
    ///
    /// Speech is made before the call, so that it starts without delay.
    ///
    /// # Errors
    /// [`CallError`] when nothing could be sent; a refused call is a record.
    pub async fn call(&self, target: &DialTarget, script: &Script) -> Result<CallRecord, CallError> {
        let lines = self.speech.lines(script).await?;
        let leg = self.endpoint.dial(target)?;
        Ok(perform(leg, script, lines, self.keep).await)
    }

    /// Answers a call that rings, and plays the script.
    ///
    /// # Errors
    /// [`CallError`] when it could not be answered; the caller got 480 or 503.
    pub async fn take(&self, incoming: IncomingCall, script: &Script) -> Result<CallRecord, CallError> {
        let lines = self.speech.lines(script).await?;
        let leg = incoming.accept()?;
        leg.answer();
        Ok(perform(leg, script, lines, self.keep).await)
    }
}
