//! How long an account keeps what people said.

use std::time::Duration;

/// Least time webhook deliveries are kept: clients may ask for that much of
/// their history (contract `webhooks.md` §5).
pub const DELIVERY_DAYS: u32 = 7;

/// Days after which things are removed; none keeps them for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Recordings, from the end of their call.
    pub recordings: Option<u32>,
    /// Transcripts, from the end of their call.
    pub transcripts: Option<u32>,
    /// Messages with their pictures and files, from when they came or went.
    pub messages: Option<u32>,
    /// Webhook deliveries that are over, from when their event happened.
    pub deliveries: Option<u32>,
}

impl Retention {
    /// Days after which deliveries of calls go: they carry the transcript, so
    /// they outlive it only as long as the history must.
    #[must_use]
    pub fn voice_deliveries(&self) -> Option<u32> {
        sooner(self.deliveries, self.transcripts).map(|days| days.max(DELIVERY_DAYS))
    }

    /// Days after which deliveries of messages go.
    #[must_use]
    pub fn text_deliveries(&self) -> Option<u32> {
        sooner(self.deliveries, self.messages).map(|days| days.max(DELIVERY_DAYS))
    }
}

/// So many days.
#[must_use]
pub fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3600)
}

fn sooner(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_go_with_what_they_tell_of_but_not_before_seven_days() {
        let kept = Retention { transcripts: Some(1), messages: Some(30), ..Retention::default() };
        assert_eq!((kept.voice_deliveries(), kept.text_deliveries()), (Some(7), Some(30)));
        let kept = Retention { deliveries: Some(10), messages: Some(30), ..Retention::default() };
        assert_eq!((kept.voice_deliveries(), kept.text_deliveries()), (Some(10), Some(10)));
        assert_eq!(Retention::default().voice_deliveries(), None);
    }
}
