//! A line, a recogniser, a synthesiser and a detector under the test's control.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_stream::stream;
use futures::{StreamExt, stream::BoxStream};
use offhook_media::{Frame, frame::FRAME_SAMPLES, vad::Vad};
use offhook_model::{
    call::EndReason,
    plan::CallPlan,
    report::{Turn, WebhookExchange},
};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use super::super::{Conversation, ConversationEvent, Speech, run};
use crate::{
    brain::Brains,
    line::{Act, Heard, UtteranceId},
    providers::chat::LlmConfig,
    speech::{
        Recognizer, RecognizerSettings, SpeakRequest, SpeechChunk, SpeechError, SttEvent, SttInput,
        SttStream, Synthesizer, TextMark,
    },
    testing::{clock, hosted, open_policy, plan},
};

/// Samples the double speaks for each character: 50 ms.
pub(super) const PER_CHAR: usize = 800;

pub(super) fn failed() -> SpeechError {
    SpeechError::Failed { engine: "double", reason: "told to".to_owned() }
}

/// A call to be made.
pub(super) struct Setup {
    pub plan: CallPlan,
    pub llm: Option<LlmConfig>,
    pub stt_delay: Duration,
    pub tts_delay: Duration,
    /// What happens to each request for speech; then all is well.
    pub tts_faults: Vec<TtsFault>,
    /// The recogniser closes its stream as soon as it is opened.
    pub stt_dead: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum TtsFault {
    None,
    /// An error at once.
    Error,
    /// An error after the first clause.
    ErrorAfterClause,
    /// Nothing at all.
    Stall,
}

impl Setup {
    pub(super) fn extractive(prompt: &str) -> Self {
        Self {
            plan: plan(hosted(prompt, Vec::new())),
            llm: None,
            stt_delay: Duration::from_millis(20),
            tts_delay: Duration::ZERO,
            tts_faults: Vec::new(),
            stt_dead: false,
        }
    }
}

/// What the recogniser will say of the next stretches; none fails.
type Script = Arc<Mutex<VecDeque<Option<String>>>>;

struct Ears {
    script: Script,
    frames: Arc<AtomicUsize>,
    delay: Duration,
    dead: bool,
}

impl Recognizer for Ears {
    fn name(&self) -> &'static str {
        "double"
    }

    fn open(&self, _: RecognizerSettings) -> SttStream {
        let (input, mut told) = mpsc::channel(500);
        let (said, events) = mpsc::channel(50);
        let (script, frames, delay, dead) =
            (Arc::clone(&self.script), Arc::clone(&self.frames), self.delay, self.dead);
        tokio::spawn(async move {
            if dead {
                let _ = said.send(SttEvent::Failed { utterance: None, error: failed() }).await;
                return;
            }
            while let Some(input) = told.recv().await {
                match input {
                    SttInput::Audio(_) => drop(frames.fetch_add(1, Ordering::Relaxed)),
                    SttInput::Begin { .. } | SttInput::Discard { .. } => {}
                    SttInput::End { utterance } => {
                        tokio::time::sleep(delay).await;
                        let next = script.lock().unwrap().pop_front().unwrap_or_else(|| Some(String::new()));
                        let event = match next {
                            Some(text) => SttEvent::Final { utterance, text, confidence: 0.9 },
                            None => SttEvent::Failed { utterance: Some(utterance), error: failed() },
                        };
                        let _ = said.send(event).await;
                    }
                }
            }
        });
        SttStream { input, events }
    }
}

struct Voice {
    delay: Duration,
    faults: Mutex<VecDeque<TtsFault>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Synthesizer for Voice {
    fn name(&self) -> &'static str {
        "double"
    }

    fn speak(&self, mut request: SpeakRequest) -> BoxStream<'static, Result<SpeechChunk, SpeechError>> {
        let delay = self.delay;
        let fault = self.faults.lock().unwrap().pop_front().unwrap_or(TtsFault::None);
        let asked = Arc::clone(&self.asked);
        Box::pin(stream! {
            let (mut at_sample, mut text_bytes) = (0, 0);
            while let Some(clause) = request.text.next().await {
                asked.lock().unwrap().push(clause.clone());
                match fault {
                    TtsFault::Error => { yield Err(failed()); return; }
                    TtsFault::Stall => std::future::pending().await,
                    TtsFault::ErrorAfterClause if at_sample > 0 => { yield Err(failed()); return; }
                    TtsFault::None | TtsFault::ErrorAfterClause => {}
                }
                tokio::time::sleep(delay).await;
                let samples = vec![1; clause.trim_end().len() * PER_CHAR];
                at_sample += samples.len() as u64;
                text_bytes += clause.len();
                yield Ok(SpeechChunk { samples, marks: vec![TextMark { at_sample, text_bytes }] });
            }
        })
    }
}

/// Speech is what is loud.
struct Loudness;

impl Vad for Loudness {
    fn push(&mut self, frame: &Frame) -> f32 {
        if frame.rms() > 0.01 { 0.95 } else { 0.02 }
    }

    fn reset(&mut self) {}
}

/// A call in progress: plays the line, 20 ms at a time.
pub(super) struct Call {
    heard: mpsc::Sender<Heard>,
    acts_in: mpsc::Receiver<Act>,
    events: mpsc::Receiver<ConversationEvent>,
    task: JoinHandle<()>,
    script: Script,
    frames: Arc<AtomicUsize>,
    pub asked: Arc<Mutex<Vec<String>>>,
    /// All but audio.
    pub acts: Vec<Act>,
    utterance: UtteranceId,
    queued: u64,
    played: u64,
    finish: bool,
    held: bool,
    pub most_ahead: u64,
    pub flushed_at: Option<Instant>,
    last_voice: Instant,
    pub turns: Vec<Turn>,
    pub exchanges: Vec<WebhookExchange>,
}

impl Call {
    pub(super) fn start(setup: Setup) -> Self {
        let (script, frames) = (Script::default(), Arc::new(AtomicUsize::new(0)));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let recognizer = Arc::new(Ears {
            script: Arc::clone(&script),
            frames: Arc::clone(&frames),
            delay: setup.stt_delay,
            dead: setup.stt_dead,
        });
        let synthesizer = Arc::new(Voice {
            delay: setup.tts_delay,
            faults: Mutex::new(setup.tts_faults.into()),
            asked: Arc::clone(&asked),
        });
        let (heard, heard_out) = mpsc::channel(100);
        let (acts, acts_in) = mpsc::channel(100);
        let (events_in, events) = mpsc::channel(100);
        let task = tokio::spawn(run(Conversation {
            plan: Arc::new(setup.plan),
            speech: Speech { recognizer, synthesizer, vad: Arc::new(|| Box::new(Loudness)) },
            brains: Arc::new(Brains::new(setup.llm, open_policy()).unwrap()),
            heard: heard_out,
            acts,
            events: events_in,
            cancel: CancellationToken::new(),
            clock: clock(),
        }));
        Self {
            heard,
            acts_in,
            events,
            task,
            script,
            frames,
            asked,
            acts: Vec::new(),
            utterance: UtteranceId(0),
            queued: 0,
            played: 0,
            finish: false,
            held: false,
            most_ahead: 0,
            flushed_at: None,
            last_voice: Instant::now(),
            turns: Vec::new(),
            exchanges: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Instant {
        Instant::now()
    }

    pub(super) fn frames_recognised(&self) -> usize {
        self.frames.load(Ordering::Relaxed)
    }

    /// What the recogniser will make of the next stretch.
    pub(super) fn next_words(&self, text: &str) {
        self.script.lock().unwrap().push_back(Some(text.to_owned()));
    }

    /// The recogniser will fail on the next stretch.
    pub(super) fn next_fails(&self) {
        self.script.lock().unwrap().push_back(None);
    }

    /// The caller says this, and falls silent until the words are known.
    pub(super) async fn says(&mut self, text: &str) {
        self.next_words(text);
        self.talk(600).await;
        self.quiet(400).await;
        self.hears("").await;
    }

    /// Lets the recogniser answer.
    pub(super) async fn hears(&mut self, text: &str) {
        if !text.is_empty() {
            self.next_words(text);
        }
        self.quiet(40).await;
    }

    pub(super) async fn talk(&mut self, ms: u64) {
        for _ in 0..ms / 20 {
            self.tick(Frame([3_000; FRAME_SAMPLES])).await;
            self.last_voice = Instant::now();
        }
    }

    pub(super) async fn quiet(&mut self, ms: u64) {
        for _ in 0..ms / 20 {
            self.tick(Frame::SILENCE).await;
        }
    }

    /// 20 ms pass: the line plays what it has and hears a frame.
    async fn tick(&mut self, frame: Frame) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.take_acts().await;
        if !self.held && (self.queued > self.played || self.finish) {
            self.played = self.queued.min(self.played + FRAME_SAMPLES as u64);
            let finished = self.finish && self.played == self.queued;
            self.finish &= !finished;
            let played = Heard::Played { utterance: self.utterance, samples: self.played, finished };
            let _ = self.heard.send(played).await;
        }
        let _ = self.heard.send(Heard::Audio(frame)).await;
        // Everything that follows from it happens before the next frame.
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.take_acts().await;
    }

    async fn take_acts(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.note(event);
        }
        while let Ok(act) = self.acts_in.try_recv() {
            match act {
                Act::Play { utterance, samples } => {
                    if utterance != self.utterance {
                        (self.utterance, self.queued, self.played, self.finish) = (utterance, 0, 0, false);
                    }
                    self.queued += samples.len() as u64;
                    self.most_ahead = self.most_ahead.max(self.queued - self.played);
                }
                Act::Finish { utterance } if utterance == self.utterance => self.finish = true,
                Act::Finish { .. } => {}
                Act::Flush => {
                    self.flushed_at = Some(Instant::now());
                    self.queued = self.played;
                    self.finish = false;
                    let played =
                        Heard::Played { utterance: self.utterance, samples: self.played, finished: false };
                    let _ = self.heard.send(played).await;
                }
                other => self.acts.push(other),
            }
        }
    }

    fn note(&mut self, event: ConversationEvent) {
        match event {
            ConversationEvent::Turn(turn) => self.turns.push(turn),
            ConversationEvent::Exchange(exchange) => self.exchanges.push(exchange),
        }
    }

    /// Time passes until the agent has said this as a whole turn.
    pub(super) async fn until_spoken(&mut self, text: &str) {
        for _ in 0..2_000 {
            if self.turns.iter().any(|turn| turn.text == text && !turn.interrupted) {
                return;
            }
            self.quiet(20).await;
        }
        panic!("never said {text:?}: {:#?}", self.turns);
    }

    /// Time passes until the agent begins to answer; since the caller's last sound.
    pub(super) async fn until_first_sound(&mut self) -> Duration {
        for _ in 0..500 {
            self.quiet(20).await;
            if self.played > 0 && self.queued > self.played {
                return Instant::now() - self.last_voice;
            }
        }
        panic!("the agent stayed silent");
    }

    pub(super) async fn until_hung_up(&mut self) -> EndReason {
        for _ in 0..5_000 {
            if let Some(Act::HangUp(reason)) = self.acts.last() {
                return *reason;
            }
            self.quiet(20).await;
        }
        panic!("the call goes on: {:#?}", self.turns);
    }

    pub(super) async fn transfer_fails(&mut self) {
        let _ = self.heard.send(Heard::TransferFailed { reason: "busy".to_owned() }).await;
        self.quiet(20).await;
    }

    /// The call is to end from outside, after these words.
    pub(super) async fn told_to_leave(&mut self, words: &str) {
        let leave = Heard::Leave { words: words.into(), reason: EndReason::Shutdown };
        let _ = self.heard.send(leave).await;
        self.quiet(20).await;
    }

    /// The far end holds us, or comes back; the line stands still meanwhile.
    pub(super) async fn held(&mut self, held: bool) {
        self.held = held;
        let _ = self.heard.send(Heard::Held(held)).await;
        self.quiet(20).await;
    }

    pub(super) async fn digits_sent(&mut self) {
        let _ = self.heard.send(Heard::DigitsSent).await;
        self.quiet(40).await;
    }

    /// The caller is gone; everything that was reported.
    pub(super) async fn end(&mut self) -> Vec<Turn> {
        let (closed, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.heard, closed));
        while let Some(event) = self.events.recv().await {
            self.note(event);
        }
        (&mut self.task).await.unwrap();
        self.turns.clone()
    }
}
