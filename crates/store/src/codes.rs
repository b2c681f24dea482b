//! One-time codes: what is kept of them, and how a try is judged.
//!
//! Verifications and sign-ups share the rules; each has a table of its own.

use offhook_model::Timestamp;

use crate::{StoreError, row::Row};

/// Wrong codes after which nothing is compared any more (contract §15).
pub const CODE_TRIES: u32 = 3;

/// A code as stored: salted, hashed, both in hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeHash {
    /// Drawn for this code alone.
    pub salt: String,
    /// Keyed hash of the code.
    pub hash: String,
}

/// What came of trying a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeTry {
    /// It is right, for the first time.
    Right,
    /// It is wrong, and counted.
    Wrong,
    /// Too many were wrong before; it was not compared.
    Exhausted,
    /// Its time is over; it was not compared.
    Expired,
    /// A right one came before; it was not compared.
    AlreadyRight,
}

/// The state of a code within the transaction that locked its row.
pub(crate) struct Locked {
    hash: CodeHash,
    wrong: u32,
    verified_at: Option<Timestamp>,
    expires_at: Timestamp,
}

impl Locked {
    pub(crate) fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            hash: CodeHash { salt: row.text("salt")?, hash: row.text("code_hash")? },
            wrong: row.number("wrong_codes")?,
            verified_at: row.opt_time("verified_at")?,
            expires_at: row.time("expires_at")?,
        })
    }

    /// Judges a try; `fits` compares the code with what is stored.
    pub(crate) fn judge(&self, now: Timestamp, fits: impl FnOnce(&CodeHash) -> bool) -> CodeTry {
        if self.verified_at.is_some() {
            CodeTry::AlreadyRight
        } else if self.wrong >= CODE_TRIES {
            CodeTry::Exhausted
        } else if self.expires_at <= now {
            CodeTry::Expired
        } else if fits(&self.hash) {
            CodeTry::Right
        } else {
            CodeTry::Wrong
        }
    }

    /// Tries that are left after this one.
    pub(crate) fn left(&self, outcome: CodeTry) -> u32 {
        let wrong = self.wrong + u32::from(outcome == CodeTry::Wrong);
        CODE_TRIES.saturating_sub(wrong)
    }
}
