//! The rows of the daily and monthly series.

use offhook_store::UsageSums;

/// Minutes with two decimals.
pub(super) fn minutes(seconds: u64) -> f64 {
    (seconds as f64 / 60.0 * 100.0).round() / 100.0
}

/// What the rows of both series show of some sums.
pub(super) fn shown(sums: &UsageSums) -> (u64, u64, u64, f64) {
    (sums.messages, sums.calls, sums.deliveries, minutes(sums.voice_seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_rounded_to_hundredths() {
        for (seconds, shown) in [(0, 0.0), (1, 0.02), (150, 2.5), (61, 1.02), (3600, 60.0)] {
            assert_eq!(minutes(seconds).to_bits(), f64::to_bits(shown), "{seconds}");
        }
    }
}
