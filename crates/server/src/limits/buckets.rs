//! Who asked when, within bounds of memory.
//!
//! A window is exact: it holds the moments of the requests it admitted, so in
//! no period of its length are there more than it allows, and a place becomes
//! free the moment the oldest falls out of it. What is kept at all is what was
//! admitted lately.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    mem,
};

/// Subjects per generation. Two generations are kept: a subject that was not
/// heard of while so many others were is forgotten.
const GENERATION: usize = 50_000;
/// Steps back of the clock up to here are other threads' doing; beyond it, the
/// clock was set.
const JITTER_MS: i64 = 5_000;

/// The moments of admitted requests, oldest first, Unix ms.
pub(super) type Window = VecDeque<i64>;

/// The windows of each subject.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    young: HashMap<K, Vec<Window>>,
    old: HashMap<K, Vec<Window>>,
    generation: usize,
}

impl<K: Hash + Eq> Default for Buckets<K> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), generation: GENERATION }
    }
}

impl<K: Hash + Eq> Buckets<K> {
    /// The windows of a subject, as many as it has rates.
    pub(super) fn windows(&mut self, subject: K, rates: usize) -> &mut Vec<Window> {
        if self.young.len() >= self.generation && !self.young.contains_key(&subject) {
            self.old = mem::take(&mut self.young);
        }
        let kept = self.old.remove(&subject);
        self.young.entry(subject).or_insert_with(|| kept.unwrap_or_else(|| vec![Window::new(); rates]))
    }
}

impl<K: Hash + Eq> Buckets<K> {
    /// Whether this subject was heard of.
    pub(super) fn knows(&self, subject: &K) -> bool {
        self.young.contains_key(subject) || self.old.contains_key(subject)
    }
}

/// Brings a window up to date; the moment to count with.
pub(super) fn settle(window: &mut Window, now: i64, period_ms: i64) -> i64 {
    let mut now = now;
    if let Some(&newest) = window.back()
        && newest > now
    {
        if newest - now > JITTER_MS {
            window.clear();
        } else {
            now = newest;
        }
    }
    while window.front().is_some_and(|&oldest| oldest.saturating_add(period_ms) <= now) {
        window.pop_front();
    }
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_leaves_exactly_a_period_later() {
        let mut window = Window::from([1_000, 2_000]);
        settle(&mut window, 60_999, 60_000);
        assert_eq!(window.len(), 2);
        settle(&mut window, 61_000, 60_000);
        assert_eq!(window, [2_000]);
    }

    #[test]
    fn a_clock_that_was_set_back_begins_anew() {
        let mut window = Window::from([10_000]);
        assert_eq!(settle(&mut window, 9_000, 60_000), 10_000, "another thread was faster");
        assert_eq!(settle(&mut window, 1_000, 60_000), 1_000);
        assert!(window.is_empty());
    }

    #[test]
    fn memory_is_bounded_and_the_busy_are_remembered() {
        let mut buckets = Buckets { generation: 10, ..Buckets::default() };
        for stranger in 0..1_000 {
            buckets.windows(stranger, 1);
            let busy = &mut buckets.windows(-1, 1)[0];
            busy.push_back(stranger);
            assert_eq!(busy.len() as i64, stranger + 1);
            assert!(buckets.young.len() + buckets.old.len() <= 20);
        }
    }
}
