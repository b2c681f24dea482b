//! Carries out what the turn machine decides.

mod asking;
mod closing;
mod faults;
mod hearing;
mod obeying;
mod reporting;
mod speaking;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use offhook_model::{call::EndReason, plan::CallPlan};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Conversation, ConversationEvent,
    answer::{Answer, Unsaid},
    ear::Ear,
    phrases::Phrases,
};
use crate::{
    brain::{Brain, BrainEvent, Said, WallClock},
    line::{Act, Heard},
    speech::{SpeechChunk, SpeechError, SttEvent, Synthesizer},
    turn::{Machine, Settings, TurnId},
};

/// Failures of one kind in a row after which the call is ended.
const PATIENCE: u32 = 3;
/// A line that takes no acts for this long is gone.
const LINE_PATIENCE: Duration = Duration::from_secs(2);
/// Keys kept for the model.
const MAX_PRESSED: usize = 32;

/// What a brain said, and which try of which turn; none is its end.
type BrainNews = (TurnId, u32, Option<BrainEvent>);

/// See the module's description.
pub(super) struct Runner {
    plan: Arc<CallPlan>,
    clock: WallClock,
    phrases: Phrases,
    machine: Machine,
    ear: Ear,
    synthesizer: Arc<dyn Synthesizer>,
    brain: Box<dyn Brain>,
    brain_in: mpsc::Receiver<BrainNews>,
    brain_out: mpsc::Sender<BrainNews>,
    heard: mpsc::Receiver<Heard>,
    acts: mpsc::Sender<Act>,
    events: mpsc::Sender<ConversationEvent>,
    /// Reports wait here, so that a slow host does not hold up the talk.
    outbox: VecDeque<ConversationEvent>,
    cancel: CancellationToken,
    answer: Option<Answer>,
    /// What was cut or withdrawn last.
    unsaid: Option<Unsaid>,
    history: Vec<Said>,
    next_index: u32,
    next_utterance: u64,
    /// Keys the caller pressed since the last question.
    pressed: String,
    failures: Failures,
    /// Goodbye is to be said as soon as nothing else is.
    farewell: bool,
    /// What the outside wants to be said last, and why the call ends.
    leave: Option<(Arc<str>, EndReason)>,
    is_held: bool,
    over: bool,
}

/// Failures in a row.
#[derive(Debug, Default)]
struct Failures {
    stt: u32,
    tts: u32,
    brain: u32,
}

/// What woke the loop.
#[expect(clippy::large_enum_variant, reason = "frames are nearly all of it")]
enum News {
    Cancelled,
    Heard(Option<Heard>),
    Brain(BrainNews),
    Speech(Option<Result<SpeechChunk, SpeechError>>),
    Words(Option<SttEvent>),
    Reported,
}

impl Runner {
    pub(super) fn new(conversation: Conversation) -> Self {
        let Conversation { plan, speech, brains, heard, acts, events, cancel, clock } = conversation;
        let (brain_out, brain_in) = mpsc::channel(64);
        Self {
            machine: Machine::new(Settings {
                interruption_sensitivity: plan.interruption_sensitivity,
                max_silence: plan.max_silence,
                max_duration: plan.max_duration,
            }),
            ear: Ear::new(speech.recognizer, (speech.vad)(), &plan),
            brain: brains.for_call(&plan, Arc::clone(&clock)),
            phrases: Phrases::of(&plan.voice.language),
            synthesizer: speech.synthesizer,
            plan,
            clock,
            brain_in,
            brain_out,
            heard,
            acts,
            events,
            outbox: VecDeque::new(),
            cancel,
            answer: None,
            unsaid: None,
            history: Vec::new(),
            next_index: 0,
            next_utterance: 1,
            pressed: String::new(),
            failures: Failures::default(),
            farewell: false,
            leave: None,
            is_held: false,
            over: false,
        }
    }

    pub(super) async fn run(mut self) {
        self.greet();
        while !self.over {
            self.act().await;
            if self.over {
                break;
            }
            match self.news().await {
                News::Cancelled | News::Heard(None) => break,
                News::Heard(Some(heard)) => self.on_heard(heard).await,
                News::Brain(news) => self.on_brain(news),
                News::Speech(chunk) => self.on_speech(chunk),
                News::Words(event) => self.on_words(event).await,
                News::Reported => {}
            }
        }
        self.finish().await;
    }

    /// Waits for the next thing to happen.
    async fn news(&mut self) -> News {
        let Self { heard, brain_in, answer, ear, events, outbox, cancel, .. } = self;
        let speech = async {
            match answer.as_mut().and_then(|answer| answer.mouth.as_mut()) {
                Some(mouth) => mouth.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => News::Cancelled,
            heard = heard.recv() => News::Heard(heard),
            permit = events.reserve(), if !outbox.is_empty() => {
                match (permit, outbox.pop_front()) {
                    (Ok(permit), Some(event)) => permit.send(event),
                    // Nobody listens any more; the call goes on.
                    _ => outbox.clear(),
                }
                News::Reported
            }
            Some(news) = brain_in.recv() => News::Brain(news),
            chunk = speech => News::Speech(chunk),
            event = ear.next() => News::Words(event),
        }
    }

    async fn hang_up(&mut self, reason: EndReason) {
        if !self.over {
            self.over = true;
            self.send(Act::HangUp(reason)).await;
        }
    }

    async fn send(&mut self, act: Act) {
        if self.acts.send_timeout(act, LINE_PATIENCE).await.is_err() {
            self.over = true;
        }
    }
}
