//! Carries out what the turn machine decides.

mod closing;
mod faults;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures::StreamExt;
use offhook_media::Frame;
use offhook_model::{
    call::EndReason,
    plan::{BrainPlan, CallPlan, Greeting},
    report::{Role, Turn},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Conversation, ConversationEvent,
    answer::{Answer, Asked, tick_time},
    ear::Ear,
    mouth::Mouth,
    phrases::Phrases,
};
use crate::{
    brain::{Brain, BrainEvent, BrainRequest, CallerWords, Said, WallClock},
    line::{Act, Heard, UtteranceId},
    speech::{SpeechChunk, SpeechError, SttEvent, Synthesizer},
    turn::{Command, Input, Machine, Question, Settings, Ticks, TurnId},
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
    history: Vec<Said>,
    next_index: u32,
    next_utterance: u64,
    /// Keys the caller pressed since the last question.
    pressed: String,
    failures: Failures,
    /// Goodbye is to be said as soon as nothing else is.
    farewell: bool,
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
            history: Vec::new(),
            next_index: 0,
            next_utterance: 1,
            pressed: String::new(),
            failures: Failures::default(),
            farewell: false,
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

    fn greet(&mut self) {
        match self.plan.greeting.clone() {
            Greeting::Silent => {}
            Greeting::Say(text) => {
                self.announce(&text, None);
            }
            Greeting::FromBrain => {
                if let Some(turn) = self.machine.announce() {
                    self.answer = Some(Answer::new(turn));
                    self.ask(None);
                }
            }
        }
    }

    /// Says something of our own, then ends the call if `last` says why.
    /// False while the agent is busy.
    fn announce(&mut self, text: &str, last: Option<EndReason>) -> bool {
        let Some(turn) = self.machine.announce() else { return false };
        let mut answer = Answer::new(turn);
        answer.brain_done = true;
        answer.last_words = last.is_some();
        answer.after.hang_up = last;
        self.answer = Some(answer);
        self.say(text);
        self.close_mouth();
        true
    }

    async fn on_heard(&mut self, heard: Heard) {
        match heard {
            Heard::Audio(frame) => self.on_frame(frame).await,
            // The contract knows no event for keys (`voice-behaviour.md` §5): a
            // hosted model reads them with the caller's next words, else they are dropped.
            Heard::Digit(key) => {
                if matches!(self.plan.brain, BrainPlan::Hosted { .. }) && self.pressed.len() < MAX_PRESSED {
                    self.pressed.push(key);
                }
            }
            Heard::Played { utterance, samples, finished } => self.on_played(utterance, samples, finished),
            Heard::DigitsSent => {
                if let Some(answer) = &mut self.answer {
                    answer.sending_digits = answer.sending_digits.map(|_| 0);
                }
            }
            Heard::TransferFailed { reason } => {
                tracing::info!(call.id = %self.plan.call_id, reason, "transfer failed");
                self.feed(Input::AgentReturns).await;
                self.announce(self.phrases.not_transferred, None);
            }
            Heard::Held(held) => self.feed(Input::Held(held)).await,
        }
    }

    async fn on_frame(&mut self, frame: Frame) {
        let speech = self.ear.listen(&frame);
        if self.machine.open_stretch().is_some() {
            self.ear.hear(frame);
        }
        self.feed(Input::Frame { speech, level: frame.rms() }).await;
        let Some(answer) = &mut self.answer else { return };
        answer.sending_digits = answer.sending_digits.map(|left| left.saturating_sub(1));
        if answer.mouth.as_mut().is_some_and(Mouth::on_tick) {
            self.on_speech(Some(Err(SpeechError::Timeout {
                engine: self.synthesizer.name(),
                after: Duration::from_secs(6),
            })));
        }
    }

    fn on_played(&mut self, utterance: UtteranceId, samples: u64, finished: bool) {
        let Some(answer) = &mut self.answer else { return };
        let Some(mouth) = answer.mouth.as_mut().filter(|mouth| mouth.utterance == utterance) else { return };
        mouth.on_played(samples, finished);
        if mouth.was_heard() {
            answer.on_packet();
        }
    }

    fn on_brain(&mut self, (turn, attempt, event): BrainNews) {
        // Exchanges happened, whatever became of their turn.
        let event = match event {
            Some(BrainEvent::Exchange(exchange)) => {
                self.outbox.push_back(ConversationEvent::Exchange(*exchange));
                return;
            }
            event => event,
        };
        let Some(answer) = self.answer.as_mut().filter(|a| a.turn == turn && a.attempt == attempt) else {
            return;
        };
        if answer.brain_done || answer.cancel.is_cancelled() {
            return;
        }
        match event {
            Some(BrainEvent::Say(text)) => self.say(&text),
            Some(BrainEvent::Pause) => {
                if let Some(mouth) = &mut answer.mouth {
                    mouth.pause();
                }
            }
            Some(BrainEvent::Digits(digits)) => answer.after.digits.push_str(&digits),
            Some(BrainEvent::Transfer) => answer.after.transfer = true,
            Some(BrainEvent::HangUp) => answer.after.hang_up = Some(EndReason::AgentHangup),
            Some(BrainEvent::Failed(error)) => self.on_brain_failed(&error),
            Some(BrainEvent::Exchange(_)) => {}
            None => {
                if !answer.failed {
                    self.failures.brain = 0;
                }
                self.close_mouth();
            }
        }
    }

    /// The brain has said all of this turn.
    fn close_mouth(&mut self) {
        let Some(answer) = &mut self.answer else { return };
        answer.brain_done = true;
        if let Some(mouth) = &mut answer.mouth {
            mouth.close();
        }
    }

    fn say(&mut self, text: &str) {
        let Some(answer) = &mut self.answer else { return };
        if !text.trim().is_empty() {
            answer.said_any = true;
            answer.on_words();
        }
        let (synthesizer, voice, utterance) = (&self.synthesizer, &self.plan.voice, &mut self.next_utterance);
        let mouth = answer.mouth.get_or_insert_with(|| {
            *utterance += 1;
            Mouth::new(Arc::clone(synthesizer), voice.clone(), UtteranceId(*utterance - 1))
        });
        mouth.say(text);
    }

    /// Says a sentence of its own, apart from what was half said before.
    fn say_apart(&mut self, text: &str) {
        if let Some(mouth) = self.answer.as_mut().and_then(|answer| answer.mouth.as_mut()) {
            mouth.pause();
        }
        self.say(text);
        if let Some(mouth) = self.answer.as_mut().and_then(|answer| answer.mouth.as_mut()) {
            mouth.pause();
        }
    }

    fn on_speech(&mut self, chunk: Option<Result<SpeechChunk, SpeechError>>) {
        let Some(answer) = &mut self.answer else { return };
        let Some(mouth) = &mut answer.mouth else { return };
        let error = match chunk {
            Some(Ok(chunk)) => {
                let sounds = !chunk.samples.is_empty();
                mouth.take(Some(chunk));
                if sounds {
                    self.failures.tts = 0;
                    answer.on_sound();
                }
                return;
            }
            None => return mouth.take(None),
            Some(Err(error)) => error,
        };
        self.on_tts_failed(&error);
    }

    async fn on_words(&mut self, event: Option<SttEvent>) {
        match event {
            Some(SttEvent::Partial { utterance, text, .. }) => {
                self.feed(Input::Partial { stretch: utterance, text }).await;
            }
            Some(SttEvent::Final { utterance, text, confidence }) => {
                if !text.trim().is_empty() {
                    self.failures.stt = 0;
                }
                self.feed(Input::Final { stretch: utterance, text, confidence }).await;
            }
            Some(SttEvent::Failed { utterance, error }) => {
                tracing::warn!(call.id = %self.plan.call_id, %error, "speech recognition failed");
                if utterance.is_none() {
                    self.on_ear_lost().await;
                } else {
                    self.feed(Input::SttFailed { stretch: utterance }).await;
                }
            }
            None => self.on_ear_lost().await,
        }
    }

    /// Tells the machine, and does what it says.
    async fn feed(&mut self, input: Input) {
        for command in self.machine.on(input) {
            self.obey(command).await;
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Begin { stretch } => self.ear.begin(stretch),
            Command::End { stretch } => self.ear.end(stretch),
            Command::Discard { stretch } => self.ear.discard(stretch),
            Command::Ask(question) => self.on_question(question),
            Command::Withdraw(turn) => {
                if let Some(answer) = self.answer.take_if(|answer| answer.turn == turn) {
                    answer.cancel.cancel();
                    // Last words outlive every question.
                    if answer.last_words {
                        self.hang_up(EndReason::Error).await;
                    }
                }
            }
            Command::Interrupt(turn) => {
                self.send(Act::Flush).await;
                if let Some(answer) = self.answer.as_mut().filter(|answer| answer.turn == turn) {
                    answer.cancel.cancel();
                    answer.brain_done = true;
                    if let Some(mouth) = &mut answer.mouth {
                        mouth.stop();
                    }
                }
            }
            Command::Cut(turn) => {
                if let Some(answer) = self.answer.take_if(|answer| answer.turn == turn) {
                    let ends = answer.last_words.then_some(answer.after.hang_up).flatten();
                    self.report(answer, true);
                    if let Some(reason) = ends {
                        self.hang_up(reason).await;
                    }
                }
            }
            Command::NotHeard => {
                // A caller who is already speaking again needs no invitation.
                if self.count_stt_failure() && !self.machine.expects_words() {
                    self.announce(self.phrases.not_heard, None);
                }
            }
            Command::HangUp(reason) => self.hang_up(reason).await,
        }
    }

    fn on_question(&mut self, question: Question) {
        let mut answer = Answer::new(question.turn);
        answer.answers(&question);
        let began = tick_time(question.began_ago);
        let at = (self.clock)().checked_sub(began).unwrap_or_else(|_| (self.clock)());
        answer.asked = Some(Asked { words: question.words.clone(), at });
        self.answer = Some(answer);
        let mut words = question.words;
        let pressed = std::mem::take(&mut self.pressed);
        if !pressed.is_empty() {
            words.text = format!("{} [pressed {pressed}]", words.text);
        }
        self.ask(Some(words));
    }

    fn ask(&mut self, words: Option<CallerWords>) {
        let Some(answer) = &mut self.answer else { return };
        let cancel = answer.cancel.clone();
        answer.request = Some(BrainRequest { words, history: self.history.clone(), cancel });
        self.ask_again();
    }

    fn ask_again(&mut self) {
        let Some(answer) = &self.answer else { return };
        let Some(request) = answer.request.clone() else { return };
        let (turn, attempt) = (answer.turn, answer.attempt);
        let mut reply = self.brain.reply(request);
        let out = self.brain_out.clone();
        tokio::spawn(async move {
            while let Some(event) = reply.next().await {
                if out.send((turn, attempt, Some(event))).await.is_err() {
                    return;
                }
            }
            // The conversation may be over.
            let _ = out.send((turn, attempt, None)).await;
        });
    }

    /// Gives the line what it can take, and goes on once all is said.
    async fn act(&mut self) {
        if self.farewell && self.announce(self.phrases.goodbye, Some(EndReason::Error)) {
            self.farewell = false;
        }
        while let Some(answer) = &mut self.answer {
            let Some(act) = answer.mouth.as_mut().and_then(Mouth::due) else { break };
            let (turn, first) = (answer.turn, answer.began.is_none());
            if first {
                answer.began = Some((self.clock)());
                self.report_asked();
                self.feed(Input::AgentSpeaks(turn)).await;
            }
            self.send(act).await;
        }
        let Some(answer) = &mut self.answer else { return };
        let spoken = answer.mouth.as_ref().is_none_or(Mouth::is_finished);
        if !answer.brain_done || !spoken || self.machine.is_stopping() {
            return;
        }
        match answer.sending_digits {
            Some(0) => answer.sending_digits = None,
            Some(_) => return,
            None => {}
        }
        let turn = answer.turn;
        let digits = std::mem::take(&mut answer.after.digits);
        if !digits.is_empty() {
            answer.sending_digits = Some(patience_for(&digits));
            self.report_asked();
            self.send(Act::SendDigits(digits)).await;
            return;
        }
        let Some(answer) = self.answer.take() else { return };
        let (transfer, hang_up) = (answer.after.transfer, answer.after.hang_up);
        self.report(answer, false);
        match (hang_up, self.plan.transfer_number.clone().filter(|_| transfer)) {
            (Some(reason), _) => self.hang_up(reason).await,
            (None, Some(to)) => {
                self.feed(Input::AgentLeaves(turn)).await;
                self.send(Act::Transfer { to }).await;
            }
            (None, None) => self.feed(Input::AgentDone(turn)).await,
        }
    }

    /// Reports the caller's words of the current turn: they are final now.
    fn report_asked(&mut self) {
        if let Some(asked) = self.answer.as_mut().and_then(|answer| answer.asked.take()) {
            self.turn(asked.words, asked.at);
        }
    }

    /// Reports what is left of a turn that is over.
    fn report(&mut self, mut answer: Answer, interrupted: bool) {
        if let Some(asked) = answer.asked.take() {
            self.turn(asked.words, asked.at);
        }
        let Some(mouth) = &answer.mouth else { return };
        let text = mouth.heard();
        if text.is_empty() {
            return;
        }
        let at = answer.began.unwrap_or_else(|| (self.clock)());
        self.history.push(Said { role: Role::Agent, text: text.clone(), at });
        let latency = answer.latency();
        self.push_turn(Turn {
            index: 0,
            role: Role::Agent,
            text,
            confidence: None,
            at,
            interrupted,
            latency,
        });
    }

    fn turn(&mut self, words: CallerWords, at: offhook_model::Timestamp) {
        self.history.push(Said { role: Role::User, text: words.text.clone(), at });
        let confidence = Some(words.confidence);
        let text = words.text;
        self.push_turn(Turn {
            index: 0,
            role: Role::User,
            text,
            confidence,
            at,
            interrupted: false,
            latency: None,
        });
    }

    fn push_turn(&mut self, turn: Turn) {
        let index = self.next_index;
        self.next_index += 1;
        self.outbox.push_back(ConversationEvent::Turn(Turn { index, ..turn }));
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

/// Ticks in which the line must have sent these keys: 160 ms each, half a
/// second a pause, and two seconds more.
fn patience_for(digits: &str) -> Ticks {
    let ticks = digits.chars().map(|c| if "wW,".contains(c) { 25 } else { 8 }).sum::<Ticks>();
    ticks + 100
}
