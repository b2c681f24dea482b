//! The ring watchdog: no call rings for ever.

use std::time::{Duration, Instant};

/// How long a callee may ring before we CANCEL.
///
/// 60 s: voicemail of all large networks answers before that.
pub const RING_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a cancelled INVITE may take to end, 64·T1.
/// Source: RFC 3261 §9.1.
pub const CANCEL_TIMEOUT: Duration = Duration::from_secs(32);

/// What the watchdog asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RingAction {
    /// Nothing before this time.
    WaitUntil(Instant),
    /// Send CANCEL.
    Cancel,
    /// The peer never ended its INVITE: give the dialog up.
    GiveUp,
}

/// Watches one outgoing INVITE.
#[derive(Debug, Clone, Copy)]
pub struct RingWatchdog {
    ring_until: Instant,
    cancelled_at: Option<Instant>,
}

impl RingWatchdog {
    /// Starts when the INVITE leaves.
    #[must_use]
    pub fn new(now: Instant, limit: Duration) -> Self {
        Self { ring_until: now + limit, cancelled_at: None }
    }

    /// CANCEL was sent, by us or because the caller gave up.
    pub fn cancelled(&mut self, now: Instant) {
        self.cancelled_at.get_or_insert(now);
    }

    /// Whether CANCEL was sent.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled_at.is_some()
    }

    /// What to do now.
    #[must_use]
    pub fn poll(&self, now: Instant) -> RingAction {
        match self.cancelled_at {
            Some(at) if now >= at + CANCEL_TIMEOUT => RingAction::GiveUp,
            Some(at) => RingAction::WaitUntil(at + CANCEL_TIMEOUT),
            None if now >= self.ring_until => RingAction::Cancel,
            None => RingAction::WaitUntil(self.ring_until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unanswered_call_is_cancelled_and_then_given_up() {
        let start = Instant::now();
        let mut dog = RingWatchdog::new(start, Duration::from_secs(60));
        assert_eq!(dog.poll(start), RingAction::WaitUntil(start + Duration::from_secs(60)));
        let late = start + Duration::from_secs(60);
        assert_eq!(dog.poll(late), RingAction::Cancel);
        dog.cancelled(late);
        assert_eq!(dog.poll(late), RingAction::WaitUntil(late + CANCEL_TIMEOUT));
        assert_eq!(dog.poll(late + CANCEL_TIMEOUT), RingAction::GiveUp);
    }
}
