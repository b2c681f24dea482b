//! A series of times, cut where their length changes.
//!
//! Days of a time zone are 24 hours but for the changes of its clocks, so a
//! year of them is a few runs, each one query.

use std::ops::Range;

use offhook_model::{Timestamp, id::AccountId};

use super::span::{QUARTERS, Span, quarter};
use crate::value::{Value, args};

/// Steps of a series that are all a day long, or a single one of any length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// All of it.
    pub span: Span,
    /// Which steps of the series.
    pub steps: Range<usize>,
}

impl Run {
    /// The account, the grain, first and last slot, and slots per step.
    pub(super) fn args(&self, account: &AccountId) -> Vec<Value> {
        let Span { from, to } = self.span;
        if from.rem_euclid(QUARTERS) == 0 {
            return args![account, "d", from / QUARTERS, to / QUARTERS, 1_i64];
        }
        args![account, "q", from, to, QUARTERS]
    }
}

/// Cuts the steps between moments into runs.
pub(super) fn runs(moments: &[Timestamp]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut is_open = false;
    for (step, pair) in moments.windows(2).enumerate() {
        let &[from, to] = pair else { continue };
        let span = Span { from: quarter(from), to: quarter(to) };
        let is_day = span.to - span.from == QUARTERS;
        match runs.last_mut() {
            Some(run) if is_day && is_open => {
                run.span.to = span.to;
                run.steps.end = step + 1;
            }
            _ => runs.push(Run { span, steps: step..step + 1 }),
        }
        is_open = is_day;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(quarter: i64) -> Timestamp {
        Timestamp::from_second(quarter * 900).unwrap()
    }

    #[test]
    fn days_run_on_until_the_clocks_change() {
        let moments: Vec<_> = [0, 96, 192, 284, 380, 476].map(at).to_vec();
        let expected = [(0, 192, 0..2), (192, 284, 2..3), (284, 476, 3..5)]
            .map(|(from, to, steps)| Run { span: Span { from, to }, steps });
        assert_eq!(runs(&moments), expected);
        assert_eq!(runs(&moments[..1]), []);
    }
}
