//! When a failed delivery is tried again (contract `webhooks.md` §5).

use std::time::Duration;

/// Delays after attempts 1 to 5 unless configured otherwise: 5 minutes, 30
/// minutes, 2, 6 and 12 hours, six attempts over 20 h 35 min.
pub const DEFAULT_DELAYS: [Duration; 5] = [
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(6 * 3600),
    Duration::from_secs(12 * 3600),
];

/// Retry delays: as many retries as there are entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<Duration>);

impl Default for Schedule {
    fn default() -> Self {
        Self(DEFAULT_DELAYS.to_vec())
    }
}

impl Schedule {
    /// Retries after these delays; none means one attempt only.
    #[must_use]
    pub fn new(delays: Vec<Duration>) -> Self {
        Self(delays)
    }

    /// How long to wait after attempt number `attempt` (1 is the first) has
    /// failed; none when it was the last.
    ///
    /// `dice` is uniform in 0..1 and spreads the delay over ±10 %, so that a
    /// receiver that comes back is not met by everything at once.
    #[must_use]
    pub fn delay_after(&self, attempt: u32, dice: f64) -> Option<Duration> {
        let at = usize::try_from(attempt.checked_sub(1)?).ok()?;
        let delay = self.0.get(at)?;
        Some(delay.mul_f64(0.9 + 0.2 * dice.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_attempts_over_twenty_hours_and_thirty_five_minutes() {
        let schedule = Schedule::default();
        let total: Duration = (1..=5).map(|n| schedule.delay_after(n, 0.5).unwrap()).sum();
        assert_eq!(total.as_secs(), (20 * 60 + 35) * 60);
        assert_eq!(schedule.delay_after(6, 0.5), None);
        assert_eq!(schedule.delay_after(0, 0.5), None);
    }

    #[test]
    fn jitter_stays_within_ten_per_cent() {
        let schedule = Schedule::new(vec![Duration::from_secs(100)]);
        assert_eq!(schedule.delay_after(1, 0.0).unwrap(), Duration::from_secs(90));
        assert_eq!(schedule.delay_after(1, 1.0).unwrap(), Duration::from_secs(110));
    }
}
