//! How late packets leave, as a histogram.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Steps of 50 µs up to 10 ms, then of 1 ms up to 110 ms and beyond.
const FINE: usize = 200;
const BUCKETS: usize = 300;

/// Distances of sends from their due times.
#[derive(Debug, Clone)]
pub struct Lateness {
    counts: [u64; BUCKETS],
    /// The worst.
    pub max: Duration,
}

impl Default for Lateness {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], max: Duration::ZERO }
    }
}

impl Lateness {
    /// The lateness that `share` (0 to 1) of the packets did not exceed.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let total: u64 = self.counts.iter().sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return upper_bound(bucket).min(self.max);
            }
        }
        self.max
    }

    /// What was added since `before`; the maximum is that of all time.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            counts: std::array::from_fn(|n| self.counts[n].saturating_sub(before.counts[n])),
            max: self.max,
        }
    }
}

/// A growing [`Lateness`], written by one media thread.
#[derive(Debug)]
pub struct LatenessCounters {
    counts: [AtomicU64; BUCKETS],
    max_us: AtomicU64,
}

impl Default for LatenessCounters {
    fn default() -> Self {
        Self { counts: std::array::from_fn(|_| AtomicU64::new(0)), max_us: AtomicU64::new(0) }
    }
}

impl LatenessCounters {
    pub fn record(&self, lateness: Duration) {
        let us = lateness.as_micros() as u64;
        self.counts[bucket(us)].fetch_add(1, Relaxed);
        self.max_us.fetch_max(us, Relaxed);
    }

    pub fn add_to(&self, sum: &mut Lateness) {
        for (sum, count) in sum.counts.iter_mut().zip(&self.counts) {
            *sum += count.load(Relaxed);
        }
        sum.max = sum.max.max(Duration::from_micros(self.max_us.load(Relaxed)));
    }
}

const fn bucket(us: u64) -> usize {
    if us < 10_000 {
        return (us / 50) as usize;
    }
    let coarse = FINE as u64 + (us - 10_000) / 1_000;
    if coarse < BUCKETS as u64 { coarse as usize } else { BUCKETS - 1 }
}

const fn upper_bound(bucket: usize) -> Duration {
    match bucket {
        0..FINE => Duration::from_micros((bucket as u64 + 1) * 50),
        FINE.. if bucket < BUCKETS - 1 => Duration::from_millis(11 + (bucket - FINE) as u64),
        _ => Duration::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_step() {
        let counters = LatenessCounters::default();
        for us in 1..=1_000 {
            counters.record(Duration::from_micros(us));
        }
        counters.record(Duration::from_secs(1));
        let mut lateness = Lateness::default();
        counters.add_to(&mut lateness);
        assert_eq!(lateness.quantile(0.5), Duration::from_micros(550));
        assert_eq!(lateness.quantile(0.99), Duration::from_micros(1_000));
        assert_eq!(lateness.quantile(1.0), Duration::from_secs(1));
    }
}
