//! What a party remembers of its call.

use std::{ops::Range, time::Duration};

/// A finished call, seen by one party.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// How it ended.
    pub outcome: Outcome,
    /// What was heard: 16 kHz mono, from the answer on, as much as was asked for.
    pub heard: Vec<i16>,
    /// What happened, in order; times count from the answer.
    pub notes: Vec<Noted>,
    /// From the answer to the end.
    pub length: Duration,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It never came about.
    Unanswered {
        /// SIP status, when one was received or sent.
        status: Option<u16>,
        /// In words.
        reason: String,
    },
    /// This party hung up.
    WeHungUp,
    /// The other did.
    TheyHungUp,
    /// No audio came any more.
    MediaTimedOut,
}

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// Since the answer; exact to 20 ms.
    pub at: Duration,
    /// What.
    pub note: Note,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// This party has said something; `at` is its end.
    Said {
        /// The words; `beep` for the tone.
        text: String,
        /// When it began.
        from: Duration,
        /// It was broken off.
        is_cut: bool,
    },
    /// This party pressed keys.
    Pressed(String),
    /// The other party pressed a key.
    Digit(char),
    /// The other began to speak, 60 ms before.
    OtherBegan,
    /// The other has been silent for 200 ms.
    OtherEnded,
    /// A step waited in vain.
    GaveUp,
}

impl CallRecord {
    /// A call that never came about.
    #[must_use]
    pub fn unanswered(status: Option<u16>, reason: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Unanswered { status, reason: reason.into() },
            heard: Vec::new(),
            notes: Vec::new(),
            length: Duration::ZERO,
        }
    }

    /// When this party said a text.
    #[must_use]
    pub fn said(&self, wanted: &str) -> Option<Range<Duration>> {
        self.notes.iter().find_map(|noted| match &noted.note {
            Note::Said { text, from, .. } if text == wanted => Some(*from..noted.at),
            _ => None,
        })
    }

    /// The keys the other party pressed.
    #[must_use]
    pub fn digits(&self) -> String {
        self.notes
            .iter()
            .filter_map(|n| if let Note::Digit(key) = n.note { Some(key) } else { None })
            .collect()
    }

    /// When the other party spoke.
    #[must_use]
    pub fn other_spoke(&self) -> Vec<Range<Duration>> {
        let mut stretches = Vec::new();
        let mut from = None;
        for noted in &self.notes {
            match noted.note {
                Note::OtherBegan => from = Some(noted.at.saturating_sub(Duration::from_millis(60))),
                Note::OtherEnded => stretches.extend(
                    from.take().map(|from| from..noted.at.saturating_sub(Duration::from_millis(200))),
                ),
                _ => {}
            }
        }
        stretches.extend(from.map(|from| from..self.length));
        stretches
    }

    /// What was heard within a time.
    #[must_use]
    pub fn heard_within(&self, range: Range<Duration>) -> &[i16] {
        let at = |time: Duration| usize::try_from(time.as_micros() * 16 / 1000).unwrap_or(usize::MAX);
        let end = at(range.end).min(self.heard.len());
        &self.heard[at(range.start).min(end)..end]
    }
}
