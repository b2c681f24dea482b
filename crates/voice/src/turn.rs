//! The turn machine: who speaks when. Pure; one [`Input::Frame`] is one tick
//! of 20 ms, and ticks are its only clock.
//!
//! The caller's speech comes in *stretches*, cut at silence; the words of the
//! stretches up to the end of a turn are put together and the agent is asked.
//! Speech while the agent thinks takes the question back and the words join
//! the next turn; speech while it talks cuts it off, as far as
//! `interruptionSensitivity` allows. Results of an older turn are ignored.

pub mod ending;
mod gate;
pub mod heard;
pub mod opening;

use std::{collections::VecDeque, time::Duration};

use offhook_media::frame::FRAME_MS;
use offhook_model::call::EndReason;

use self::{
    gate::{Gate, ONSET},
    opening::Opening,
};
use crate::brain::CallerWords;

/// A count of 20 ms frames.
pub type Ticks = u64;

/// Speech this long while the agent thinks takes the question back even
/// before there are words: 200 ms.
const TAKES_BACK: Ticks = 10;
/// Less voice than this is a click: 60 ms.
const CLICK: Ticks = 3;
/// The line reports the last played position within this time after a flush: 100 ms.
const SETTLE: Ticks = 5;
/// A stretch is cut here so that recognisers stay bounded: 60 s.
const LONGEST_STRETCH: Ticks = 3_000;
/// Recognition of a finished stretch may take this long: 8 s.
const STT_PATIENCE: Ticks = 400;

/// Numbers the agent's turns; they grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(pub u64);

/// What may vary between calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// 0 never interrupt, 1 at the first sound.
    pub interruption_sensitivity: f64,
    /// Hang up after this long without the caller's words, counted from the
    /// agent's last.
    pub max_silence: Duration,
    /// Hang up this long after the beginning.
    pub max_duration: Duration,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The next 20 ms of the caller.
    Frame {
        /// Probability of speech.
        speech: f32,
        /// Root mean square, share of full scale.
        level: f32,
    },
    /// Words so far.
    Partial {
        /// Of which stretch.
        stretch: u64,
        /// All of them.
        text: String,
    },
    /// The words of a stretch.
    Final {
        /// Of which stretch.
        stretch: u64,
        /// Empty when it was noise.
        text: String,
        /// 0 to 1.
        confidence: f64,
    },
    /// A stretch, or with none the whole stream, is lost.
    SttFailed {
        /// Which.
        stretch: Option<u64>,
    },
    /// The first sound of a turn has been handed to the line.
    AgentSpeaks(TurnId),
    /// The agent has said and done all of its turn.
    AgentDone(TurnId),
    /// A [`Command::Cut`] turn had hardly been heard; see [`opening::was_hardly_heard`].
    HardlyHeard(TurnId),
    /// The agent hands the call over.
    AgentLeaves(TurnId),
    /// The handover failed.
    AgentReturns,
    /// The caller put us on hold, or came back.
    Held(bool),
    /// The call is ended from outside: only last words are still to be said,
    /// by [`Machine::announce`].
    Closing,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Open a stretch at the recogniser, with the frames before the onset.
    Begin {
        /// Grows by one.
        stretch: u64,
    },
    /// The stretch is complete; its words are wanted.
    End {
        /// Which.
        stretch: u64,
    },
    /// The stretch was a click.
    Discard {
        /// Which.
        stretch: u64,
    },
    /// Ask the agent.
    Ask(Question),
    /// Say a lost turn again, from its beginning or from where it was cut.
    SayAgain {
        /// The new turn.
        turn: TurnId,
        /// The one that was cut or withdrawn last.
        lost: TurnId,
        /// From its beginning.
        whole: bool,
        /// What the caller said over it; not to be asked.
        question: Option<Question>,
    },
    /// Words that the opening answers: for the transcript only.
    Note {
        /// What was said.
        words: CallerWords,
        /// Ticks since the caller began.
        began_ago: Ticks,
    },
    /// Forget this turn: nothing of it was heard, and its words will be asked again.
    Withdraw(TurnId),
    /// Silence the agent at once; [`Self::Cut`] follows when the line has settled.
    Interrupt(TurnId),
    /// The interrupted turn is over; what was played of it stands.
    Cut(TurnId),
    /// The caller spoke and recognition failed.
    NotHeard,
    /// End the call.
    HangUp(EndReason),
}

/// A turn of the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The agent's turn that answers.
    pub turn: TurnId,
    /// What was said.
    pub words: CallerWords,
    /// Ticks since the caller began.
    pub began_ago: Ticks,
    /// Ticks since the caller's last sound.
    pub quiet: Ticks,
    /// Ticks between the end of the last stretch and its words.
    pub stt: Ticks,
}

/// Words of one or more stretches.
#[derive(Debug, Clone)]
struct Words {
    text: String,
    confidence: f64,
    began: Ticks,
    /// The stretch they end in.
    last: u64,
}

/// A stretch that has ended.
#[derive(Debug)]
struct Ended {
    stretch: u64,
    began: Ticks,
    at: Ticks,
    /// Known once the recogniser has answered.
    result: Option<(String, f64)>,
}

/// A stretch that is running.
#[derive(Debug)]
struct Stretch {
    id: u64,
    began: Ticks,
    partial: String,
}

#[derive(Debug)]
enum Agent {
    Idle,
    /// Asked; nothing was heard of the answer. The words come back if it is withdrawn.
    Thinking(TurnId, Option<Words>),
    Speaking(TurnId),
    /// Silenced at this tick.
    Stopping(TurnId, Ticks),
    /// Handing the call over.
    Leaving,
}

/// See the module's description.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    now: Ticks,
    gate: Gate,
    stretch: Option<Stretch>,
    next_stretch: u64,
    ended: VecDeque<Ended>,
    said: Option<Words>,
    /// How long recognition took for the latest words.
    stt: Ticks,
    agent: Agent,
    next_turn: u64,
    opening: Opening,
    /// Ticks since either side's last words, while the agent is idle.
    silent: Ticks,
    held: bool,
    /// Only last words are still to be said: nothing is asked any more, and
    /// nobody interrupts.
    closing: bool,
    over: bool,
}

impl Machine {
    /// A call that has just been answered.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            now: 0,
            gate: Gate::default(),
            stretch: None,
            next_stretch: 0,
            ended: VecDeque::new(),
            said: None,
            stt: 0,
            agent: Agent::Idle,
            next_turn: 0,
            opening: Opening::default(),
            silent: 0,
            held: false,
            closing: false,
            over: false,
        }
    }

    /// Begins a turn of the agent that answers no words: the greeting, an
    /// apology. None while the agent is busy.
    pub fn announce(&mut self) -> Option<TurnId> {
        if self.over || !matches!(self.agent, Agent::Idle) {
            return None;
        }
        let turn = self.new_turn();
        self.agent = Agent::Thinking(turn, None);
        Some(turn)
    }

    /// Whether the recogniser still owes words, or the caller is speaking.
    #[must_use]
    pub fn expects_words(&self) -> bool {
        self.stretch.is_some() || !self.ended.is_empty()
    }

    /// Whether an interrupted turn is about to be [`Command::Cut`].
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        matches!(self.agent, Agent::Stopping(..))
    }

    /// The stretch that is running.
    #[must_use]
    pub fn open_stretch(&self) -> Option<u64> {
        self.stretch.as_ref().map(|stretch| stretch.id)
    }

    /// The words that have not been asked yet, for the transcript of a call
    /// that ends before they are; with the ticks since they began.
    pub fn take_said(&mut self) -> Option<(CallerWords, Ticks)> {
        self.collect();
        let words = self.said.take()?;
        let ago = self.now - words.began;
        Some((CallerWords { text: words.text, confidence: words.confidence }, ago))
    }

    /// Takes what happened, and says what to do, in order.
    pub fn on(&mut self, input: Input) -> Vec<Command> {
        let mut out = Vec::new();
        if self.over {
            return out;
        }
        match input {
            Input::Frame { speech, level } => self.on_frame(speech, level, &mut out),
            Input::Partial { stretch, text } => self.on_partial(stretch, text, &mut out),
            Input::Final { stretch, text, confidence } => {
                if let Some(ended) = self.ended.iter_mut().find(|ended| ended.stretch == stretch) {
                    ended.result = Some((text, confidence));
                    self.stt = self.now - ended.at;
                }
            }
            Input::SttFailed { stretch } => self.on_stt_failed(stretch, &mut out),
            Input::AgentSpeaks(turn) => {
                if matches!(self.agent, Agent::Thinking(current, _) if current == turn) {
                    self.agent = Agent::Speaking(turn);
                    // Speech over the agent counts from the agent's first sound.
                    self.gate.sustained = 0;
                }
            }
            Input::AgentDone(turn) => {
                if matches!(self.agent, Agent::Thinking(current, _) | Agent::Speaking(current) if current == turn)
                {
                    self.agent = Agent::Idle;
                    self.silent = 0;
                    self.opening.done(turn);
                }
            }
            Input::HardlyHeard(turn) => self.opening.lose(turn, true),
            Input::AgentLeaves(turn) => {
                if matches!(self.agent, Agent::Thinking(current, _) | Agent::Speaking(current) if current == turn)
                {
                    self.agent = Agent::Leaving;
                    self.end_stretch(&mut out);
                }
            }
            Input::AgentReturns => {
                if matches!(self.agent, Agent::Leaving) {
                    self.agent = Agent::Idle;
                    self.silent = 0;
                }
            }
            Input::Closing => self.close(&mut out),
            Input::Held(held) => {
                self.held = held;
                self.silent = 0;
                self.end_stretch(&mut out);
            }
        }
        self.settle(&mut out);
        out
    }

    /// The call is about to be ended from outside: silences the agent and
    /// takes its question back, for the transcript only.
    fn close(&mut self, out: &mut Vec<Command>) {
        self.closing = true;
        match self.agent {
            Agent::Thinking(..) => self.withdraw(out),
            Agent::Speaking(turn) => self.interrupt(turn, out),
            Agent::Leaving => self.agent = Agent::Idle,
            Agent::Idle | Agent::Stopping(..) => {}
        }
        if let Some((words, began_ago)) = self.take_said() {
            out.push(Command::Note { words, began_ago });
        }
    }

    fn on_frame(&mut self, speech: f32, level: f32, out: &mut Vec<Command>) {
        self.now += 1;
        if self.now >= ticks(self.settings.max_duration) {
            return self.hang_up(EndReason::MaxDurationReached, out);
        }
        if let Agent::Stopping(turn, since) = self.agent
            && self.now >= since + SETTLE
        {
            self.agent = Agent::Idle;
            self.silent = 0;
            self.opening.lose(turn, false);
            out.push(Command::Cut(turn));
        }
        let leaving = matches!(self.agent, Agent::Leaving);
        if !self.held && !leaving {
            self.listen(speech, level, out);
        }
        let running = self.stretch.as_ref().map(|open| (open.id, !open.partial.trim().is_empty()));
        self.opening.tick(self.now, running);
        while self.ended.front().is_some_and(|e| e.result.is_none() && self.now >= e.at + STT_PATIENCE) {
            self.ended.pop_front();
            self.opening.forget();
            out.push(Command::NotHeard);
        }
        if matches!(self.agent, Agent::Idle) && !self.held {
            self.silent += 1;
            // Noise is silence; what may be words is waited for, but not for
            // ever: music on the line never ends.
            let over = self.silent.saturating_sub(ticks(self.settings.max_silence));
            let limit = if self.expects_words() { LONGEST_STRETCH + STT_PATIENCE } else { 0 };
            if self.silent >= ticks(self.settings.max_silence) && over >= limit {
                self.hang_up(EndReason::Inactivity, out);
            }
        }
    }

    fn listen(&mut self, speech: f32, level: f32, out: &mut Vec<Command>) {
        if self.gate.push(speech, level, self.stretch.is_some()) {
            let id = self.next_stretch;
            self.next_stretch += 1;
            let began = self.now.saturating_sub(ONSET);
            self.stretch = Some(Stretch { id, began, partial: String::new() });
            out.push(Command::Begin { stretch: id });
        }
        let Some(stretch) = &self.stretch else { return };
        let wait = self.patience(&stretch.partial);
        if self.gate.quiet >= wait
            || (self.gate.quiet > 0 && self.gate.unsure >= ending::CAP)
            || self.now - stretch.began >= LONGEST_STRETCH
        {
            return self.end_stretch(out);
        }
        if self.closing || self.opening.is_noise(stretch.id) {
            return;
        }
        match self.agent {
            Agent::Thinking(..) if self.gate.sustained >= TAKES_BACK && !self.is_holding() => {
                self.withdraw(out)
            }
            Agent::Speaking(turn) if self.gate.sustained >= self.needed() => self.interrupt(turn, out),
            _ => {}
        }
    }

    /// Sustained speech that cuts the agent off: 40 ms at sensitivity 1,
    /// 120 ms at 0.8, 440 ms just above 0; never at 0.
    fn needed(&self) -> Ticks {
        let sensitivity = self.settings.interruption_sensitivity;
        if sensitivity <= 0.0 || sensitivity.is_nan() {
            return Ticks::MAX;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 20")]
        let extra = (20.0 * (1.0 - sensitivity.min(1.0))).round() as Ticks;
        ONSET + extra
    }

    fn on_partial(&mut self, stretch: u64, text: String, out: &mut Vec<Command>) {
        let Some(open) = self.stretch.as_mut().filter(|open| open.id == stretch) else { return };
        let has_words = !text.trim().is_empty();
        open.partial = text;
        if has_words {
            self.silent = 0;
            self.opening.words();
            if matches!(self.agent, Agent::Thinking(..)) && !self.is_holding() && !self.closing {
                self.withdraw(out);
            }
        }
    }

    fn on_stt_failed(&mut self, stretch: Option<u64>, out: &mut Vec<Command>) {
        let before = self.ended.len() + usize::from(self.stretch.is_some());
        let hit = |id: u64| stretch.is_none_or(|failed| failed == id);
        self.ended.retain(|ended| ended.result.is_some() || !hit(ended.stretch));
        if self.stretch.as_ref().is_some_and(|open| hit(open.id)) {
            self.stretch = None;
        }
        if self.ended.len() + usize::from(self.stretch.is_some()) < before {
            self.opening.forget();
            out.push(Command::NotHeard);
        }
    }

    fn end_stretch(&mut self, out: &mut Vec<Command>) {
        let Some(stretch) = self.stretch.take() else { return };
        if self.gate.voiced <= CLICK && stretch.partial.trim().is_empty() {
            out.push(Command::Discard { stretch: stretch.id });
            return;
        }
        out.push(Command::End { stretch: stretch.id });
        self.opening.stretch_ended(stretch.id);
        self.ended.push_back(Ended { stretch: stretch.id, began: stretch.began, at: self.now, result: None });
    }

    /// Takes the question back; its words will be asked together with what follows.
    fn withdraw(&mut self, out: &mut Vec<Command>) {
        if let Agent::Thinking(turn, words) = std::mem::replace(&mut self.agent, Agent::Idle) {
            out.push(Command::Withdraw(turn));
            if words.is_none() || self.opening.is_turn(turn) {
                self.opening.lose(turn, true);
            }
            self.said = match (words, self.said.take()) {
                (Some(first), Some(second)) => Some(first.join(second)),
                (first, second) => first.or(second),
            };
        }
    }

    fn interrupt(&mut self, turn: TurnId, out: &mut Vec<Command>) {
        self.agent = Agent::Stopping(turn, self.now);
        out.push(Command::Interrupt(turn));
    }

    /// Moves recognised words into the turn being put together, oldest first.
    fn collect(&mut self) {
        while self.ended.front().is_some_and(|ended| ended.result.is_some()) {
            let Some(Ended { stretch, began, result: Some((text, confidence)), .. }) = self.ended.pop_front()
            else {
                return;
            };
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            self.silent = 0;
            let words = Words { text: text.to_owned(), confidence, began, last: stretch };
            self.said = Some(match self.said.take() {
                Some(said) => said.join(words),
                None => words,
            });
        }
    }

    /// Asks the agent once the caller's turn is complete.
    fn settle(&mut self, out: &mut Vec<Command>) {
        self.collect();
        if self.over || self.closing || self.expects_words() {
            return;
        }
        if self.greets(out) {
            return;
        }
        let Some(said) = &self.said else {
            if matches!(self.agent, Agent::Idle) && !self.held {
                self.says_again(out);
            }
            return;
        };
        if self.gate.quiet < ending::wait_after(&said.text) && self.gate.unsure < ending::CAP && !self.held {
            return;
        }
        // Words that arrive while the agent still thinks belong to its question.
        if matches!(self.agent, Agent::Thinking(..)) {
            self.withdraw(out);
        }
        if !matches!(self.agent, Agent::Idle) || self.says_again(out) {
            return;
        }
        let Some(words) = self.said.take() else { return };
        self.moves_on();
        let turn = self.new_turn();
        out.push(Command::Ask(self.question(turn, &words)));
        self.agent = Agent::Thinking(turn, Some(words));
    }

    fn hang_up(&mut self, reason: EndReason, out: &mut Vec<Command>) {
        self.over = true;
        out.push(Command::HangUp(reason));
    }

    fn new_turn(&mut self) -> TurnId {
        let turn = TurnId(self.next_turn);
        self.next_turn += 1;
        turn
    }
}

impl Words {
    /// Both together; confidence by the number of words.
    fn join(self, later: Self) -> Self {
        let count = |text: &str| text.split_whitespace().count().max(1) as f64;
        let (first, second) = (count(&self.text), count(&later.text));
        Self {
            confidence: (self.confidence * first + later.confidence * second) / (first + second),
            text: format!("{} {}", self.text, later.text),
            began: self.began,
            last: later.last,
        }
    }
}

/// A duration in ticks.
#[must_use]
pub fn ticks(duration: Duration) -> Ticks {
    Ticks::try_from(duration.as_millis() / u128::from(FRAME_MS)).unwrap_or(Ticks::MAX)
}

#[cfg(test)]
mod tests;
