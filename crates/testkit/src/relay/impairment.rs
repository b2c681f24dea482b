//! What happens to each packet: a pure decision from a seed.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// A bad network.
#[derive(Debug, Clone, PartialEq)]
pub struct Impairment {
    /// The same seed decides the same way.
    pub seed: u64,
    /// Share of packets lost independently, 0 to 1.
    pub loss: f64,
    /// Losses in bursts, beside the independent ones.
    pub bursts: Option<Bursts>,
    /// Every packet is this late.
    pub delay: Duration,
    /// And up to this much later, evenly spread. Order is kept, as in a
    /// queue: a late packet holds back those behind it.
    pub jitter: Duration,
    /// Share of packets that are overtaken by their successors.
    pub reorder: f64,
    /// By how much such a packet is held back.
    pub reorder_by: Duration,
    /// Share of packets that come twice.
    pub duplicate: f64,
}

/// Losses in bursts: the Gilbert–Elliott model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bursts {
    /// Chance, per packet, of going from good to bad.
    pub enter: f64,
    /// Chance, per packet, of going back.
    pub leave: f64,
    /// Share lost while bad.
    pub loss: f64,
}

impl Default for Impairment {
    fn default() -> Self {
        Self {
            seed: 1,
            loss: 0.0,
            bursts: None,
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            reorder: 0.0,
            reorder_by: Duration::from_millis(45),
            duplicate: 0.0,
        }
    }
}

impl Impairment {
    /// The case: 5 % loss and 40 ms of jitter.
    #[must_use]
    pub fn lossy_and_jittery(seed: u64) -> Self {
        Self { seed, loss: 0.05, jitter: Duration::from_millis(40), ..Self::default() }
    }
}

/// Decides for one direction of one flow. Time is an argument.
#[derive(Debug)]
pub struct Fate {
    network: Impairment,
    random: StdRng,
    is_bad: bool,
    last_due: Duration,
}

impl Fate {
    /// Begins; `direction` makes the two ways of a flow differ.
    #[must_use]
    pub fn new(network: Impairment, direction: u64) -> Self {
        let random = StdRng::seed_from_u64(network.seed.wrapping_mul(31).wrapping_add(direction));
        Self { network, random, is_bad: false, last_due: Duration::ZERO }
    }

    /// When the packet that arrived at `now` leaves: never, once or twice.
    /// Every packet draws the same number of random values, so that changing
    /// one figure leaves the other decisions alone.
    pub fn decide(&mut self, now: Duration) -> Vec<Duration> {
        let [lost, turn, burst_lost, late, overtaken, twice]: [f64; 6] = self.random.random();
        if let Some(bursts) = self.network.bursts {
            let chance = if self.is_bad { bursts.leave } else { bursts.enter };
            self.is_bad ^= turn < chance;
        }
        let in_burst = self.is_bad && self.network.bursts.is_some_and(|b| burst_lost < b.loss);
        if lost < self.network.loss || in_burst {
            return Vec::new();
        }
        let due = now + self.network.delay + self.network.jitter.mul_f64(late);
        let due = if overtaken < self.network.reorder {
            due + self.network.reorder_by
        } else {
            self.last_due = due.max(self.last_due);
            self.last_due
        };
        if twice < self.network.duplicate { vec![due, due] } else { vec![due] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(network: Impairment, packets: u32) -> Vec<Vec<Duration>> {
        let mut fate = Fate::new(network, 0);
        (0..packets).map(|n| fate.decide(Duration::from_millis(20) * n)).collect()
    }

    #[test]
    fn the_same_seed_decides_the_same_way_and_another_differently() {
        let network = Impairment { reorder: 0.1, duplicate: 0.1, ..Impairment::lossy_and_jittery(3) };
        assert_eq!(run(network.clone(), 500), run(network.clone(), 500));
        assert_ne!(run(network.clone(), 500), run(Impairment { seed: 4, ..network }, 500));
    }

    #[test]
    fn the_share_lost_is_as_asked() {
        let lost = run(Impairment { loss: 0.05, ..Impairment::default() }, 20_000);
        let share = lost.iter().filter(|due| due.is_empty()).count() as f64 / 20_000.0;
        assert!((0.045..0.055).contains(&share), "{share}");
    }

    #[test]
    fn bursts_lose_neighbours() {
        let bursts = Bursts { enter: 0.01, leave: 0.25, loss: 1.0 };
        let fates = run(Impairment { bursts: Some(bursts), ..Impairment::default() }, 20_000);
        let lost: Vec<bool> = fates.iter().map(Vec::is_empty).collect();
        let total = lost.iter().filter(|l| **l).count();
        let runs = lost.windows(2).filter(|w| !w[0] && w[1]).count();
        let mean = total as f64 / runs as f64;
        assert!((3.0..5.0).contains(&mean), "mean burst {mean}");
    }

    #[test]
    fn jitter_keeps_the_order_and_reorder_breaks_it() {
        let due: Vec<_> = run(Impairment::lossy_and_jittery(9), 1000).into_iter().flatten().collect();
        assert!(due.is_sorted());
        let due: Vec<_> = run(Impairment { reorder: 0.1, ..Impairment::default() }, 1000).concat();
        assert!(!due.is_sorted());
    }

    #[test]
    fn a_perfect_network_changes_nothing() {
        let due = run(Impairment::default(), 10);
        assert!(due.iter().enumerate().all(|(n, d)| *d == vec![Duration::from_millis(20 * n as u64)]));
    }
}
