//! A party of a call, following its script: a pure machine.
//!
//! It hears 20 ms at a time, which is its only clock, and answers with
//! [`Deed`]s for the line. [`crate::perform`] connects it to a SIP leg.

mod ear;
mod keys;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use offhook_media::{
    Frame,
    frame::{FRAME_MS, FRAME_SAMPLES},
    tone::Tone,
};
use offhook_voice::line::UtteranceId;

use crate::{
    record::{CallRecord, Note, Noted, Outcome},
    script::{Menu, Script, Step},
};
use ear::{Change, Ear};
use keys::KeyEar;

/// Audio kept ahead of the line: survives a late tick, is soon cut off.
const LEAD_FRAMES: usize = 5;
/// Speech that makes a turn; shorter is a cough.
const SHORTEST_TURN: Duration = Duration::from_millis(200);
/// A line that takes keys but never says so is not waited for.
const LONGEST_PRESSING: Duration = Duration::from_secs(20);
/// An utterance whose end the line does not confirm is over this much later.
const LATEST_END: Duration = Duration::from_secs(2);

/// Spoken texts: 16 kHz mono.
pub type Lines = HashMap<String, Arc<[i16]>>;

/// What the party does to the line.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Append audio to an utterance.
    Play(UtteranceId, Vec<i16>),
    /// The utterance is complete.
    Finish(UtteranceId),
    /// Stop speaking at once.
    Flush,
    /// Send keys.
    Press(String),
    /// Hang up.
    HangUp,
}

/// The machine.
#[derive(Debug)]
pub struct Actor {
    steps: VecDeque<Step>,
    lines: Lines,
    longest: Duration,
    keep_samples: usize,
    doing: Doing,
    ear: Ear,
    key_ear: KeyEar,
    tick: u64,
    began: u64,
    /// Loud frames since the present step began.
    heard_since: u64,
    next_utterance: u64,
    finished: Option<UtteranceId>,
    digits: VecDeque<char>,
    last_digit: Option<(char, u64)>,
    digits_sent: bool,
    is_over: bool,
    heard: Vec<i16>,
    notes: Vec<Noted>,
}

#[derive(Debug)]
enum Doing {
    Nothing,
    Speaking(Speaking),
    Waiting(Step),
    Pressing,
    Choosing { menu: Box<Menu>, tries_left: u32, speaking: Option<Speaking>, since: u64 },
}

#[derive(Debug)]
struct Speaking {
    utterance: UtteranceId,
    text: String,
    samples: Arc<[i16]>,
    at: usize,
    started: u64,
    finish_sent: Option<u64>,
    stop_at: Option<u64>,
}

impl Actor {
    /// A party that keeps the first `keep` of what it hears. Texts without a
    /// line are passed over in silence.
    #[must_use]
    pub fn new(script: &Script, lines: Lines, keep: Duration) -> Self {
        Self {
            steps: script.steps.iter().cloned().collect(),
            lines,
            longest: script.longest,
            keep_samples: usize::try_from(keep.as_millis() * 16).unwrap_or(usize::MAX),
            doing: Doing::Nothing,
            ear: Ear::default(),
            key_ear: KeyEar::default(),
            tick: 0,
            began: 0,
            heard_since: 0,
            next_utterance: 1,
            finished: None,
            digits: VecDeque::new(),
            last_digit: None,
            digits_sent: false,
            is_over: false,
            heard: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The next 20 ms of the other party; what to do now.
    pub fn hear(&mut self, frame: &Frame) -> Vec<Deed> {
        if self.heard.len() + FRAME_SAMPLES <= self.keep_samples {
            self.heard.extend_from_slice(&frame.0);
        }
        match self.ear.hear(frame) {
            Some(Change::Began) => self.note(Note::OtherBegan),
            Some(Change::Ended) => self.note(Note::OtherEnded),
            None => {}
        }
        self.heard_since += u64::from(self.ear.is_talking());
        if let Some(key) = self.key_ear.hear(frame) {
            self.digit(key);
        }
        self.tick += 1;
        let mut deeds = Vec::new();
        // A bounded number of steps a tick, so that no script can hang the line.
        for _ in 0..32 {
            if self.is_over || !self.advance(&mut deeds) {
                break;
            }
        }
        if !self.is_over && self.since(0) >= self.longest {
            self.hang_up(&mut deeds);
        }
        deeds
    }

    /// The other party pressed a key. The same key within 250 ms is the same
    /// press, heard both as an event and as a tone.
    pub fn digit(&mut self, key: char) {
        let is_echo = self.last_digit.is_some_and(|(last, at)| last == key && self.tick - at < 12);
        self.last_digit = Some((key, self.tick));
        if !is_echo && self.digits.len() < 64 {
            self.note(Note::Digit(key));
            self.digits.push_back(key);
        }
    }

    /// All of an utterance has left.
    pub fn played(&mut self, utterance: UtteranceId) {
        self.finished = Some(utterance);
    }

    /// The keys have been sent.
    pub fn digits_sent(&mut self) {
        self.digits_sent = true;
    }

    /// Whether it has hung up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// What happened.
    #[must_use]
    pub fn into_record(self, outcome: Outcome) -> CallRecord {
        CallRecord { outcome, heard: self.heard, notes: self.notes, length: time(self.tick) }
    }

    /// Goes on with the present step; true when the next may begin at once.
    fn advance(&mut self, deeds: &mut Vec<Deed>) -> bool {
        match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Nothing => match self.steps.pop_front() {
                Some(step) => {
                    self.begin(step, deeds);
                    !matches!(self.doing, Doing::Nothing) || !self.steps.is_empty()
                }
                None => false,
            },
            Doing::Speaking(mut speaking) => {
                let is_done = self.speak(&mut speaking, deeds);
                if !is_done {
                    self.doing = Doing::Speaking(speaking);
                }
                is_done
            }
            Doing::Waiting(step) => {
                let is_done = self.has_waited(&step);
                if !is_done {
                    self.doing = Doing::Waiting(step);
                }
                is_done
            }
            Doing::Pressing => {
                let is_done = self.digits_sent || self.since(self.began) > LONGEST_PRESSING;
                if !is_done {
                    self.doing = Doing::Pressing;
                }
                is_done
            }
            Doing::Choosing { menu, tries_left, speaking, since } => {
                self.choose(menu, tries_left, speaking, since, deeds)
            }
        }
    }

    fn begin(&mut self, step: Step, deeds: &mut Vec<Deed>) {
        self.began = self.tick;
        self.heard_since = 0;
        match step {
            Step::Say(text) => self.doing = Doing::Speaking(self.line(text, None)),
            Step::SayFor(text, time) => {
                let stop = self.tick + frames(time);
                self.doing = Doing::Speaking(self.line(text, Some(stop)));
            }
            Step::Beep => {
                let samples = Tone::BEEP.samples(Tone::BEEP.on_ms);
                self.doing = Doing::Speaking(self.utter("beep".to_owned(), samples.into(), None));
            }
            Step::Press(keys) => {
                self.digits_sent = false;
                self.note(Note::Pressed(keys.clone()));
                deeds.push(Deed::Press(keys));
                self.doing = Doing::Pressing;
            }
            Step::Menu(menu) => {
                self.digits.clear();
                let speaking = Some(self.line(menu.prompt.clone(), None));
                let tries_left = menu.tries.saturating_sub(1);
                self.doing = Doing::Choosing { menu, tries_left, speaking, since: self.tick };
            }
            Step::HangUp => self.hang_up(deeds),
            waiting => self.doing = Doing::Waiting(waiting),
        }
    }

    fn has_waited(&mut self, step: &Step) -> bool {
        let since = self.since(self.began);
        let quiet = time(u64::from(self.ear.quiet_frames()));
        let (fits, patience) = match *step {
            Step::Wait(time) => (since >= time, time),
            Step::AwaitSpeech { patience } => (self.heard_since > 0, patience),
            Step::AwaitSpeaking { speech, patience } => {
                (time(u64::from(self.ear.stretch_frames())) >= speech && self.heard_since > 0, patience)
            }
            Step::AwaitTurn { pause, patience } => {
                (time(self.heard_since) >= SHORTEST_TURN && quiet >= pause, patience)
            }
            Step::AwaitSilence { pause, patience } => (quiet >= pause, patience),
            _ => (true, Duration::ZERO),
        };
        if !fits && since >= patience {
            self.note(Note::GaveUp);
            return true;
        }
        fits
    }

    /// Feeds the line; true when all is said, or it is time to stop.
    fn speak(&mut self, speaking: &mut Speaking, deeds: &mut Vec<Deed>) -> bool {
        if speaking.stop_at.is_some_and(|stop| self.tick >= stop) {
            deeds.push(Deed::Flush);
            self.note_said(speaking, true);
            return true;
        }
        let elapsed = usize::try_from(self.tick - speaking.started).unwrap_or(usize::MAX);
        let wanted = (elapsed + LEAD_FRAMES).saturating_mul(FRAME_SAMPLES).min(speaking.samples.len());
        if wanted > speaking.at {
            deeds.push(Deed::Play(speaking.utterance, speaking.samples[speaking.at..wanted].to_vec()));
            speaking.at = wanted;
        }
        if speaking.at == speaking.samples.len() && speaking.finish_sent.is_none() {
            deeds.push(Deed::Finish(speaking.utterance));
            speaking.finish_sent = Some(self.tick);
        }
        let is_late = speaking.finish_sent.is_some_and(|at| self.since(at) > LATEST_END);
        let is_done = speaking.samples.is_empty() || self.finished == Some(speaking.utterance) || is_late;
        if is_done {
            self.note_said(speaking, false);
        }
        is_done
    }

    fn choose(
        &mut self,
        menu: Box<Menu>,
        tries_left: u32,
        mut speaking: Option<Speaking>,
        since: u64,
        deeds: &mut Vec<Deed>,
    ) -> bool {
        if let Some(key) = self.digits.pop_front() {
            if let Some(speaking) = speaking.take() {
                deeds.push(Deed::Flush);
                self.note_said(&speaking, true);
            }
            if let Some((_, steps)) = menu.choices.iter().find(|(choice, _)| *choice == key) {
                self.prepend(steps.clone());
                return true;
            }
            return self.offer_again(menu, tries_left, true);
        }
        if let Some(mut present) = speaking.take() {
            let is_done = self.speak(&mut present, deeds);
            let (speaking, since) = if is_done { (None, self.tick) } else { (Some(present), since) };
            self.doing = Doing::Choosing { menu, tries_left, speaking, since };
            return false;
        }
        if self.since(since) >= menu.patience {
            return self.offer_again(menu, tries_left, false);
        }
        self.doing = Doing::Choosing { menu, tries_left, speaking: None, since };
        false
    }

    fn offer_again(&mut self, mut menu: Box<Menu>, tries_left: u32, was_wrong: bool) -> bool {
        let mut steps = Vec::new();
        if was_wrong {
            steps.push(Step::Say(menu.wrong.clone()));
        }
        if tries_left == 0 {
            steps.extend(menu.otherwise.clone());
        } else {
            menu.tries = tries_left;
            steps.push(Step::Menu(menu));
        }
        self.prepend(steps);
        true
    }

    fn prepend(&mut self, steps: Vec<Step>) {
        for step in steps.into_iter().rev() {
            self.steps.push_front(step);
        }
    }

    fn line(&mut self, text: String, stop_at: Option<u64>) -> Speaking {
        let samples = self.lines.get(&text).cloned().unwrap_or_else(|| Arc::from([]));
        self.utter(text, samples, stop_at)
    }

    fn utter(&mut self, text: String, samples: Arc<[i16]>, stop_at: Option<u64>) -> Speaking {
        let utterance = UtteranceId(self.next_utterance);
        self.next_utterance += 1;
        Speaking { utterance, text, samples, at: 0, started: self.tick, finish_sent: None, stop_at }
    }

    fn hang_up(&mut self, deeds: &mut Vec<Deed>) {
        self.is_over = true;
        deeds.push(Deed::HangUp);
    }

    fn note_said(&mut self, speaking: &Speaking, is_cut: bool) {
        self.note(Note::Said { text: speaking.text.clone(), from: time(speaking.started), is_cut });
    }

    fn note(&mut self, note: Note) {
        if self.notes.len() < 4096 {
            self.notes.push(Noted { at: time(self.tick), note });
        }
    }

    fn since(&self, tick: u64) -> Duration {
        time(self.tick - tick)
    }
}

fn time(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(u64::from(FRAME_MS)))
}

fn frames(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX) / u64::from(FRAME_MS)
}

#[cfg(test)]
mod tests;
