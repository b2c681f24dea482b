//! Some time, as the slots of the rollups that cover it.

use offhook_model::{Timestamp, id::AccountId};

use super::tally::{DAY_MS, QUARTER_MS};
use crate::value::{Value, args};

/// Quarters of an hour in a day.
pub(super) const QUARTERS: i64 = DAY_MS / QUARTER_MS;

/// Quarters from `from` on, up to but without `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub from: i64,
    pub to: i64,
}

/// The quarter a moment is in.
pub(super) fn quarter(at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(QUARTER_MS)
}

impl Span {
    /// Between two moments, both taken down to the quarter.
    pub(super) fn between(from: Timestamp, to: Timestamp) -> Self {
        Self { from: quarter(from), to: quarter(to) }
    }

    /// From the first quarter that begins at or after a moment, without end.
    pub(super) fn since(since: Timestamp) -> Self {
        let from = since.as_millisecond().saturating_add(QUARTER_MS - 1).div_euclid(QUARTER_MS);
        Self { from, to: i64::MAX }
    }

    /// When it begins.
    pub(super) fn begins_ms(self) -> i64 {
        self.from.saturating_mul(QUARTER_MS)
    }

    /// The account; the whole days; the quarters before and after them.
    pub(super) fn args(self, account: &AccountId) -> Vec<Value> {
        let first = self.from.saturating_add(QUARTERS - 1).div_euclid(QUARTERS);
        let last = self.to.div_euclid(QUARTERS);
        if first >= last {
            return args![account, 0_i64, 0_i64, self.from, self.to, 0_i64, 0_i64];
        }
        args![account, first, last, self.from, first * QUARTERS, last * QUARTERS, self.to]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which quarters the slots of a span cover, each once.
    fn covered(span: Span) -> Vec<i64> {
        let ints: Vec<i64> = span
            .args(&"acct_1".into())
            .into_iter()
            .filter_map(|value| if let Value::Int(int) = value { int } else { None })
            .collect();
        let mut quarters: Vec<i64> = (ints[0] * QUARTERS..ints[1] * QUARTERS).collect();
        quarters.extend(ints[2]..ints[3]);
        quarters.extend(ints[4]..ints[5]);
        quarters.sort_unstable();
        quarters
    }

    #[test]
    fn every_quarter_is_covered_once() {
        for from in 0..200 {
            for to in from..400 {
                assert_eq!(covered(Span { from, to }), (from..to).collect::<Vec<_>>(), "{from} to {to}");
            }
        }
    }

    #[test]
    fn a_window_begins_at_a_whole_quarter() {
        for (ms, from) in [(0, 0), (1, 1), (QUARTER_MS, 1), (QUARTER_MS + 1, 2)] {
            let span = Span::since(Timestamp::from_millisecond(ms).unwrap());
            assert_eq!((span.from, span.begins_ms()), (from, from * QUARTER_MS));
        }
    }
}
