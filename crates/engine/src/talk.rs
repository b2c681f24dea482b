//! Who talks on a call: the seam to the conversation.

use std::sync::Arc;

use offhook_model::plan::CallPlan;
use offhook_voice::{
    brain::{Brains, WallClock},
    conversation::{self, Conversation, ConversationEvent, Speech},
    line::{Act, Heard},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::host::BoxFuture;

/// A line to talk on, from the answer to the end.
pub struct Line {
    /// What to say and how.
    pub plan: Arc<CallPlan>,
    /// What comes from the other party; closes when the call is over.
    pub heard: mpsc::Receiver<Heard>,
    /// What to do with the line.
    pub acts: mpsc::Sender<Act>,
    /// Finished turns and webhook exchanges.
    pub events: mpsc::Sender<ConversationEvent>,
    /// Cancelled when the call is over and waits no longer.
    pub cancel: CancellationToken,
}

/// Talks on lines. Tests bring their own; the process brings [`Conversations`].
pub trait Talker: Send + Sync + 'static {
    /// Talks until the line is over. Runs as a task of its own; if it panics or
    /// returns before [`Act::HangUp`], the call ends with a fault.
    fn talk(&self, line: Line) -> BoxFuture<'static, ()>;
}

/// The conversations of `offhook-voice`.
#[derive(Clone)]
pub struct Conversations {
    /// The speech engines.
    pub speech: Speech,
    /// The models and webhooks.
    pub brains: Arc<Brains>,
    /// Wall time.
    pub clock: WallClock,
}

impl Talker for Conversations {
    fn talk(&self, line: Line) -> BoxFuture<'static, ()> {
        let Line { plan, heard, acts, events, cancel } = line;
        let Self { speech, brains, clock } = self.clone();
        Box::pin(conversation::run(Conversation { plan, speech, brains, heard, acts, events, cancel, clock }))
    }
}
