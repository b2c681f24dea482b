//! What an attempt's result means (contract `webhooks.md` §5).

/// Characters of a reply that are kept.
pub const RESPONSE_CHARS: usize = 10_000;

/// What one attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// HTTP status, when one came.
    pub http_status: Option<u16>,
    /// What went wrong: `HTTP 500`, `timeout after 30s`…
    pub error: Option<String>,
    /// The reply's first 10 000 characters.
    pub response_body: Option<String>,
    /// What to do next.
    pub outcome: Outcome,
}

/// Whether a delivery is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx: delivered.
    Success,
    /// It may work later: network, timeout, 5xx, 408, 429.
    Retry,
    /// It will not: other 3xx and 4xx, a forbidden address.
    Permanent,
}

impl Outcome {
    /// What this HTTP status means.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Success,
            408 | 429 | 500..=599 => Self::Retry,
            _ => Self::Permanent,
        }
    }

    /// The word that metrics use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Retry => "retry",
            Self::Permanent => "permanent",
        }
    }
}

/// The first [`RESPONSE_CHARS`] characters of a reply, broken UTF-8 replaced.
#[must_use]
pub fn kept_body(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().filter(|c| *c != '\0').take(RESPONSE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_fall_into_three_classes() {
        for (status, outcome) in [
            (200, Outcome::Success),
            (204, Outcome::Success),
            (301, Outcome::Permanent),
            (307, Outcome::Permanent),
            (400, Outcome::Permanent),
            (404, Outcome::Permanent),
            (408, Outcome::Retry),
            (410, Outcome::Permanent),
            (429, Outcome::Retry),
            (500, Outcome::Retry),
            (503, Outcome::Retry),
            (600, Outcome::Permanent),
        ] {
            assert_eq!(Outcome::of_status(status), outcome, "{status}");
        }
    }

    #[test]
    fn bodies_are_cut_by_characters_and_hold_no_nul() {
        let body = "é".repeat(RESPONSE_CHARS + 5);
        assert_eq!(kept_body(body.as_bytes()).chars().count(), RESPONSE_CHARS);
        assert_eq!(kept_body(b"a\0b\xff"), "ab\u{fffd}");
    }
}
