//! Runs one conversation: hears the line, asks the brain, speaks.
//!
//! What to do when is decided by the pure [`crate::turn::Machine`]; this
//! module carries it out. It ends when the call does.

mod answer;
mod clauses;
mod ear;
mod mouth;
mod phrases;
mod runner;

use std::sync::Arc;

use offhook_media::vad::Vad;
use offhook_model::{
    plan::CallPlan,
    report::{Turn, WebhookExchange},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    brain::{Brains, WallClock},
    line::{Act, Heard},
    speech::{Recognizer, Synthesizer},
};

/// The speech engines of a call. Cheap to clone.
#[derive(Clone)]
pub struct Speech {
    /// Speech to text.
    pub recognizer: Arc<dyn Recognizer>,
    /// Text to speech.
    pub synthesizer: Arc<dyn Synthesizer>,
    /// Makes a voice activity detector for one call.
    pub vad: Arc<dyn Fn() -> Box<dyn Vad> + Send + Sync>,
}

/// Everything one conversation needs. It begins when the call is answered.
pub struct Conversation {
    /// What to say and how.
    pub plan: Arc<CallPlan>,
    /// Ears and mouth.
    pub speech: Speech,
    /// Who thinks.
    pub brains: Arc<Brains>,
    /// The line's side that is heard. Closing it ends the conversation: that
    /// is how the engine says that the call is over.
    pub heard: mpsc::Receiver<Heard>,
    /// The line's side that acts. After [`Act::HangUp`] nothing follows.
    pub acts: mpsc::Sender<Act>,
    /// Finished turns and exchanges, in order. Keep receiving until it
    /// closes: the last words are reported after the line is gone.
    pub events: mpsc::Sender<ConversationEvent>,
    /// Ends the conversation from outside.
    pub cancel: CancellationToken,
    /// Wall time.
    pub clock: WallClock,
}

/// What a conversation reports.
#[derive(Debug, Clone, PartialEq)]
pub enum ConversationEvent {
    /// A finished turn, with its latency when it answered the caller.
    Turn(Turn),
    /// One exchange with the webhook, for the delivery log.
    Exchange(WebhookExchange),
}

/// Talks until the call is over: `heard` closes, `cancel` is cancelled, or it
/// has sent [`Act::HangUp`] itself.
///
/// Returns once the last turn is reported, at most about a second after the
/// end: the caller's last words may still be in recognition.
pub async fn run(conversation: Conversation) {
    runner::Runner::new(conversation).run().await;
}

#[cfg(test)]
mod tests;
