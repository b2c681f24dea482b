//! What the clients of the server know: what they asked for, and what they
//! were told.

use std::time::Instant;

use serde_json::Value;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Call,
    Contact,
}

impl Kind {
    pub fn path(self) -> &'static str {
        match self {
            Self::Text => "/v1/messages",
            Self::Call => "/v1/calls",
            Self::Contact => "/v1/contacts",
        }
    }
}

/// A request with an `Idempotency-Key`, asked until it is answered.
#[derive(Debug, Clone)]
pub struct Keyed {
    pub kind: Kind,
    pub key: String,
    /// The number it is to or about; no other request has it.
    pub number: String,
    pub body: Value,
    /// How often it was asked.
    pub tries: u32,
    pub answer: Answer,
}

/// What a request was answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing yet: cut off, or told to come again.
    Open,
    /// 2xx, with this id.
    Done { id: String, replayed: bool },
    /// Anything else.
    Refused(String),
}

/// A text that somebody writes to our number, told until it is acknowledged.
#[derive(Debug, Clone)]
pub struct Inbound {
    pub external_id: String,
    pub from: String,
    pub is_acknowledged: bool,
}

/// Somebody who called.
#[derive(Debug, Clone)]
pub struct Caller {
    pub number: String,
    /// Whether 200 came.
    pub was_answered: bool,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Ledger {
    pub keyed: Vec<Keyed>,
    pub inbound: Vec<Inbound>,
    pub callers: Vec<Caller>,
    pub deaths: Vec<Instant>,
}

impl Ledger {
    /// Of one kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Keyed> {
        self.keyed.iter().filter(move |keyed| keyed.kind == kind)
    }

    /// Requests and inbound texts that nobody has acknowledged.
    pub fn open(&self) -> (Vec<usize>, Vec<usize>) {
        let keyed = self.keyed.iter().enumerate().filter(|(_, keyed)| keyed.answer == Answer::Open);
        let inbound = self.inbound.iter().enumerate().filter(|(_, inbound)| !inbound.is_acknowledged);
        (keyed.map(|(n, _)| n).collect(), inbound.map(|(n, _)| n).collect())
    }
}
