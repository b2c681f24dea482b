//! How long audio should wait: long enough for the slowest usual packet.

/// The delay until arrivals have been judged.
const FIRST_MS: i64 = 40;
/// Bounds of the delay after that. On a steady network each way is 20 ms
/// shorter than at first: the caller waits less, and interrupts sooner.
const SHORTEST_MS: i64 = 20;
const LONGEST_MS: i64 = 120;
/// Time the slowest packet has left.
const MARGIN_MS: i64 = 20;
/// Arrivals are judged by windows of two seconds, of which three are remembered.
const WINDOW_MS: i64 = 2_000;
const WINDOWS: usize = 3;

/// Watches arrivals and says which way to change the delay. In samples.
#[derive(Debug)]
pub struct DelayControl {
    per_ms: i64,
    target: i64,
    /// Spread of arrivals in each window, the newest last.
    spreads: [i64; WINDOWS],
    earliest: Option<i64>,
    latest: Option<i64>,
    elapsed: i64,
    /// Change still to be made: positive is a longer delay.
    pending: i64,
}

impl DelayControl {
    pub const fn new(rate: u32) -> Self {
        let per_ms = rate as i64 / 1_000;
        Self {
            per_ms,
            target: FIRST_MS * per_ms,
            spreads: [0; WINDOWS],
            earliest: None,
            latest: None,
            elapsed: 0,
            pending: 0,
        }
    }

    /// How long the earliest packets wait.
    pub const fn target(&self) -> i64 {
        self.target
    }

    /// A packet arrived this long before its time.
    pub fn arrived(&mut self, wait: i64) {
        self.earliest = Some(self.earliest.map_or(wait, |earliest| earliest.max(wait)));
        self.latest = Some(self.latest.map_or(wait, |latest| latest.min(wait)));
    }

    /// A packet was late by so much. True if waiting longer by that stays
    /// within bounds; the caller may then do so at once.
    pub fn raise(&mut self, lateness: i64) -> bool {
        let wanted = self.target + lateness;
        let bound = LONGEST_MS * self.per_ms;
        self.target = wanted.min(bound);
        wanted <= bound
    }

    /// The clock was set anew with the present target.
    pub const fn restart(&mut self) {
        self.earliest = None;
        self.latest = None;
        self.pending = 0;
    }

    /// Time passes; says which way the delay should change now, 0 for neither.
    pub fn tick(&mut self, samples: usize) -> i64 {
        self.elapsed += samples as i64;
        if self.elapsed >= WINDOW_MS * self.per_ms {
            self.elapsed = 0;
            self.judge();
        }
        self.pending.signum()
    }

    /// The delay was changed by so much.
    pub const fn adjusted(&mut self, by: i64) {
        let before = self.pending;
        self.pending -= by;
        if before.signum() != self.pending.signum() {
            self.pending = 0;
        }
        // The arrivals seen so far were measured against the clock before.
        self.earliest = None;
        self.latest = None;
    }

    fn judge(&mut self) {
        let (Some(earliest), Some(latest)) = (self.earliest.take(), self.latest.take()) else { return };
        self.spreads.rotate_left(1);
        self.spreads[WINDOWS - 1] = earliest - latest;
        let spread = self.spreads.iter().copied().max().unwrap_or(0);
        let wanted = spread + MARGIN_MS * self.per_ms;
        self.target = wanted.clamp(SHORTEST_MS * self.per_ms, LONGEST_MS * self.per_ms);
        // Less than a frame is not worth a change.
        let change = self.target - earliest;
        self.pending = if change.abs() >= 20 * self.per_ms { change } else { 0 };
    }
}
