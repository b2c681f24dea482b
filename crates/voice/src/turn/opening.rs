//! The first words of a call, and agent's words that were lost under noise.
//!
//! Three rules, so that nobody is left without the greeting and no noise
//! leaves the line dead:
//!
//! - On a call that we place the callee speaks first: the greeting waits for
//!   the end of a "hello" that begins within [`LISTEN`], and answers it.
//! - A greeting that was cut before much of it was heard is said again when
//!   the words that cut it were only a greeting themselves.
//! - Agent's words that were cut by noise go on where they were cut.

use super::{Agent, Command, Machine, Question, Ticks, TurnId, Words, ending};
use crate::brain::CallerWords;

/// How long a callee has to begin with "hello": 700 ms.
pub(super) const LISTEN: Ticks = 35;
/// Silence that ends it: 300 ms. With the detector's own delay and what follows
/// until the first packet nobody waits 700 ms after a "hello".
const HELLO_ENDS: Ticks = 15;
/// Silence that ends it when it sounds open: 500 ms.
const OPEN_HELLO_ENDS: Ticks = 25;
/// A "hello" without words that lasts longer is noise, and greeted: 4 s.
const NOISE: Ticks = 200;
/// One with words that lasts longer is talked over: 30 s, a long machine's.
const MONOLOGUE: Ticks = 1_500;
/// An echo or a noise must not make us begin for ever.
const MOST_AGAIN: u8 = 2;
/// Less of a greeting than this was hardly heard: one second.
const MOMENT: u64 = 16_000;
/// Answers to a greeting have at most so many words.
const FEW: usize = 3;

/// Words that greet, or fill the time.
const EMPTY_WORDS: [&str; 62] = [
    "a",
    "afternoon",
    "ah",
    "allo",
    "alo",
    "and",
    "anyone",
    "are",
    "bonjour",
    "day",
    "diga",
    "eh",
    "er",
    "evening",
    "good",
    "guten",
    "hallo",
    "hello",
    "hey",
    "hi",
    "hmm",
    "hola",
    "how",
    "i'm",
    "is",
    "it's",
    "ja",
    "me",
    "mm",
    "mhm",
    "morning",
    "my",
    "name",
    "oh",
    "ok",
    "okay",
    "oui",
    "pronto",
    "right",
    "si",
    "sí",
    "sorry",
    "speaking",
    "tag",
    "the",
    "there",
    "this",
    "uh",
    "uh-huh",
    "um",
    "what",
    "yeah",
    "yep",
    "yes",
    "you",
    "you're",
    "here",
    "so",
    "well",
    "can",
    "hear",
    "who",
];

/// Words that ask for something however short they are.
const PLAIN_WORDS: [&str; 20] = [
    "agent",
    "bye",
    "cancel",
    "don't",
    "goodbye",
    "hang",
    "help",
    "human",
    "never",
    "no",
    "not",
    "nope",
    "operator",
    "person",
    "remove",
    "representative",
    "stop",
    "transfer",
    "wait",
    "wrong",
];

/// Agent's words that were cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost {
    turn: TurnId,
    is_opening: bool,
    /// Next to nothing of it was heard.
    hardly_heard: bool,
}

/// What the machine knows of the call's first words.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// The turn that says them.
    turn: Option<TurnId>,
    /// Until when the callee may begin first.
    hold: Option<Ticks>,
    /// A stretch that ran too long without words to be waited for.
    noise: Option<u64>,
    /// The stretch that the opening answers.
    answers: Option<u64>,
    lost: Option<Lost>,
    again: u8,
}

impl Opening {
    /// Whether this turn says the first words.
    pub(super) fn is_turn(&self, turn: TurnId) -> bool {
        self.turn == Some(turn)
    }

    /// Whether the opening still waits for the callee.
    pub(super) fn is_held(&self) -> bool {
        self.hold.is_some()
    }

    /// A tick has passed; `running` is the stretch that runs, and whether words
    /// were understood in it.
    pub(super) fn tick(&mut self, now: Ticks, running: Option<(u64, bool)>) {
        let Some(until) = self.hold else { return };
        let patience = match running {
            None => 0,
            Some((_, false)) => NOISE,
            Some((_, true)) => MONOLOGUE,
        };
        if now >= until + patience {
            self.hold = None;
            self.noise = running.filter(|(_, has_words)| !has_words).map(|(stretch, _)| stretch);
        }
    }

    /// Whether a stretch is noise as far as is known, and stops nobody.
    pub(super) fn is_noise(&self, stretch: u64) -> bool {
        self.noise == Some(stretch)
    }

    /// Words were understood: it is no noise.
    pub(super) fn words(&mut self) {
        self.noise = None;
    }

    /// A stretch has ended: the "hello" if one was waited for.
    pub(super) fn stretch_ended(&mut self, stretch: u64) {
        if self.hold.take().is_some() {
            self.answers = Some(stretch);
        }
    }

    /// A turn was cut, or taken back before it was heard.
    pub(super) fn lose(&mut self, turn: TurnId, hardly_heard: bool) {
        self.lost = Some(Lost { turn, is_opening: self.is_turn(turn), hardly_heard });
    }

    /// Nothing is to be said again but an opening.
    pub(super) fn forget(&mut self) {
        self.lost.take_if(|lost| !lost.is_opening);
    }

    /// A turn came to its end.
    pub(super) fn done(&mut self, turn: TurnId) {
        self.hold = None;
        self.lost = None;
        self.again = 0;
        self.turn.take_if(|opening| *opening == turn);
    }
}

impl Machine {
    /// Begins the first turn of the agent. With `listen` it waits for the
    /// callee's "hello"; see [`Self::is_holding`].
    pub fn open(&mut self, listen: bool) -> Option<TurnId> {
        let turn = self.announce()?;
        self.opening.turn = Some(turn);
        self.opening.hold = listen.then_some(self.now + LISTEN);
        Some(turn)
    }

    /// Whether the opening must not be heard yet, because the callee may
    /// speak first.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.opening.is_held() && !self.closing
    }

    /// Takes words that the opening answers by being said. True when nothing
    /// is to be asked.
    pub(super) fn greets(&mut self, out: &mut Vec<Command>) -> bool {
        let Some(opening) = self.opening.turn else { return false };
        if self.said.as_ref().is_none_or(|said| Some(said.last) > self.opening.answers) {
            return false;
        }
        match self.agent {
            // Not heard yet: it may still turn out that there is no opening.
            Agent::Thinking(turn, _) if turn == opening => true,
            Agent::Speaking(turn) if turn == opening => {
                if let Some(words) = self.said.take() {
                    let began_ago = self.now - words.began;
                    out.push(Command::Note { words: words.into_caller(), began_ago });
                }
                true
            }
            _ => false,
        }
    }

    /// Says lost words again instead of asking. Called while the agent is
    /// idle and no words are expected. True when it did.
    pub(super) fn says_again(&mut self, out: &mut Vec<Command>) -> bool {
        let Some(lost) = self.opening.lost else { return false };
        if self.opening.again >= MOST_AGAIN {
            return false;
        }
        let whole = lost.hardly_heard;
        if let Some(said) = &self.said {
            let is_answered = Some(said.last) <= self.opening.answers;
            let is_due = lost.is_opening && whole && (is_answered || is_only_greeting(&said.text));
            if !is_due {
                return false;
            }
        }
        self.opening.lost = None;
        self.opening.again += 1;
        let words = self.said.take();
        let turn = self.new_turn();
        if lost.is_opening {
            self.opening.turn = Some(turn);
        }
        let question = words.as_ref().map(|words| self.question(turn, words));
        out.push(Command::SayAgain { turn, lost: lost.turn, whole, question });
        self.agent = Agent::Thinking(turn, words);
        true
    }

    /// The agent is asked: what was lost stays lost.
    pub(super) fn moves_on(&mut self) {
        self.opening.lost = None;
    }

    pub(super) fn question(&self, turn: TurnId, words: &Words) -> Question {
        Question {
            turn,
            words: words.clone().into_caller(),
            began_ago: self.now - words.began,
            quiet: self.gate.quiet,
            stt: self.stt,
        }
    }

    /// How long the caller must be quiet for the running stretch to end.
    pub(super) fn patience(&self, partial: &str) -> Ticks {
        match (self.is_holding(), ending::wait_after(partial)) {
            (false, wait) => wait,
            (true, ending::COMPLETE) => HELLO_ENDS,
            (true, _) => OPEN_HELLO_ENDS,
        }
    }
}

impl Words {
    fn into_caller(self) -> CallerWords {
        CallerWords { text: self.text, confidence: self.confidence }
    }
}

/// Whether a cut text of `bytes` was hardly heard: less than a second of
/// sound, unless that was nearly all, or less than three tenths of the text.
#[must_use]
pub fn was_hardly_heard(samples: u64, heard_bytes: usize, bytes: usize) -> bool {
    (samples < MOMENT && heard_bytes * 10 < bytes * 8) || heard_bytes * 10 < bytes * 3
}

/// Whether words are but an answer to the ring: few of them and none that
/// asks for something plainly, or none with a content.
fn is_only_greeting(text: &str) -> bool {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect();
    let is_empty = |word: &String| EMPTY_WORDS.contains(&word.as_str());
    let is_plain = |word: &String| PLAIN_WORDS.contains(&word.as_str());
    (words.len() <= FEW && !words.iter().any(is_plain)) || words.iter().all(is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_are_told_from_wishes() {
        for text in
            ["hello", "Hello?", "yes hello who is this", "Smith speaking.", "hi there good morning", "um"]
        {
            assert!(is_only_greeting(text), "{text}");
        }
        for text in
            ["stop", "no thanks", "wrong number", "goodbye", "when are you open today", "I want to cancel"]
        {
            assert!(!is_only_greeting(text), "{text}");
        }
    }

    #[test]
    fn a_second_or_three_tenths_count_as_heard() {
        assert!(was_hardly_heard(0, 0, 40));
        assert!(was_hardly_heard(15_000, 20, 40));
        assert!(!was_hardly_heard(15_000, 38, 40), "a short greeting was heard to its end");
        assert!(was_hardly_heard(30_000, 11, 40));
        assert!(!was_hardly_heard(30_000, 12, 40));
    }
}
