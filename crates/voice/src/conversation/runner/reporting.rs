//! Turns that are over, for the transcript and for the brain's memory.

use offhook_model::{
    Timestamp,
    report::{Role, Turn},
};

use super::Runner;
use crate::{
    brain::{CallerWords, Said},
    conversation::{
        ConversationEvent,
        answer::{Answer, tick_time},
    },
    turn::Ticks,
};

impl Runner {
    /// Reports the caller's words of the current turn: they are final now.
    pub(super) fn report_asked(&mut self) {
        if let Some(asked) = self.answer.as_mut().and_then(|answer| answer.asked.take()) {
            self.turn(asked.words, asked.at);
        }
    }

    /// Reports what is left of a turn that is over.
    pub(super) fn report(&mut self, mut answer: Answer, interrupted: bool) {
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

    pub(super) fn turn(&mut self, words: CallerWords, at: Timestamp) {
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

    /// The wall time so many ticks ago.
    pub(super) fn ago(&self, ticks: Ticks) -> Timestamp {
        let now = (self.clock)();
        now.checked_sub(tick_time(ticks)).unwrap_or(now)
    }

    pub(super) fn push_turn(&mut self, turn: Turn) {
        let index = self.next_index;
        self.next_index += 1;
        self.outbox.push_back(ConversationEvent::Turn(Turn { index, ..turn }));
    }
}
