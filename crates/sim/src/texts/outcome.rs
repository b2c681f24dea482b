//! What becomes of a text: by test number, or as a phone was told.
//!
//! | number | what happens to a text |
//! |---|---|
//! | +1 500 555 0101 | delivered, as to every other number |
//! | +1 500 555 0102 | accepted, then failed with 30003 (phone unreachable) |
//! | +1 500 555 0103 | refused at once with 30006 (a landline) |
//! | +1 500 555 0104 | arrives, but the network never answers: unknown |
//! | +1 500 555 0105 | is lost, and the network never answers: unknown |
//! | +1 500 555 0106 | the network cannot be reached; nothing leaves |
//! | +1 500 555 0107 | accepted after two seconds |
//! | +1 500 555 0108 | accepted, and nothing is ever reported |
//! | +1 500 555 0110 … 0118 | has iMessage: delivered, then read |
//! | +1 500 555 0119 | has iMessage, but gets it as SMS |
//! | +1 500 555 0120 | has RCS |
//! | +1 500 555 0129 | has no WhatsApp: 131026 |
//!
//! Mail addresses have iMessage. Every phone number but the last has WhatsApp.

use std::time::Duration;

/// What becomes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted and delivered.
    Delivered,
    /// Accepted, delivered and read.
    Read,
    /// Accepted, and delivered as SMS instead.
    FallsBack,
    /// Accepted, and nothing reported.
    Silent,
    /// Accepted, then failed.
    Failed {
        /// The carrier's code.
        code: String,
    },
    /// Refused at once.
    Refused {
        /// The carrier's code.
        code: String,
    },
    /// It arrives, but nobody says so.
    Unknown,
    /// It does not arrive, and nobody says so.
    Lost,
    /// The network cannot be reached.
    Unavailable,
    /// Accepted after a while, then delivered.
    Slow(Duration),
}

/// Last four digits of the numbers that have a part to play, behind +1 500 555.
const PREFIX: &str = "+1500555";

impl Outcome {
    /// The words of [`Self::from_word`].
    pub const WORDS: &'static [&'static str] = &[
        "delivered",
        "read",
        "falls_back",
        "silent",
        "failed",
        "refused",
        "unknown",
        "lost",
        "unavailable",
        "slow",
    ];

    /// The outcome of this word, with the code and the wait where they apply.
    #[must_use]
    pub fn from_word(word: &str, code: Option<String>, wait: Option<Duration>) -> Option<Self> {
        let code = |default: &str| code.clone().unwrap_or_else(|| default.to_owned());
        Some(match word {
            "delivered" => Self::Delivered,
            "read" => Self::Read,
            "falls_back" => Self::FallsBack,
            "silent" => Self::Silent,
            "failed" => Self::Failed { code: code("30003") },
            "refused" => Self::Refused { code: code("30006") },
            "unknown" => Self::Unknown,
            "lost" => Self::Lost,
            "unavailable" => Self::Unavailable,
            "slow" => Self::Slow(wait.unwrap_or(Duration::from_secs(2))),
            _ => return None,
        })
    }

    /// Its word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::FallsBack => "falls_back",
            Self::Silent => "silent",
            Self::Failed { .. } => "failed",
            Self::Refused { .. } => "refused",
            Self::Unknown => "unknown",
            Self::Lost => "lost",
            Self::Unavailable => "unavailable",
            Self::Slow(_) => "slow",
        }
    }

    /// What the number says, where nothing else was told.
    pub(super) fn of(address: &str) -> Self {
        match address.strip_prefix(PREFIX) {
            Some("0102") => Self::Failed { code: "30003".to_owned() },
            Some("0103") => Self::Refused { code: "30006".to_owned() },
            Some("0104") => Self::Unknown,
            Some("0105") => Self::Lost,
            Some("0106") => Self::Unavailable,
            Some("0107") => Self::Slow(Duration::from_secs(2)),
            Some("0108") => Self::Silent,
            Some("0119") => Self::FallsBack,
            Some(_) if has_imessage(address) => Self::Read,
            _ => Self::Delivered,
        }
    }
}

/// Whether an address has iMessage by rule: mail addresses, 0110 to 0119.
pub(super) fn has_imessage(address: &str) -> bool {
    address.contains('@')
        || address.strip_prefix(PREFIX).is_some_and(|last| last.len() == 4 && last.starts_with("011"))
}

/// Whether a number has WhatsApp by rule.
pub(super) fn has_whatsapp(address: &str) -> bool {
    address.starts_with('+') && address.strip_prefix(PREFIX) != Some("0129")
}

/// Whether a number has RCS by rule.
pub(super) fn has_rcs(address: &str) -> bool {
    address.strip_prefix(PREFIX) == Some("0120")
}

/// What a carrier's code means, in words.
pub(super) fn reason(code: &str) -> &'static str {
    match code {
        "30003" => "the phone could not be reached",
        "30005" => "no such phone",
        "30006" => "a landline, or a carrier that takes no texts",
        "30007" => "filtered by the carrier",
        "131026" => "the message could not be delivered on WhatsApp",
        "131042" => "the WhatsApp business account has a payment problem",
        "131047" => "more than 24 hours have passed since the customer last wrote",
        "131051" => "unsupported message type",
        "100" => "a parameter is wrong",
        _ => "the carrier gave no reason",
    }
}
