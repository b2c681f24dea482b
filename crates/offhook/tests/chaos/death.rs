//! How and when the process dies.

use std::{fmt, time::Duration};

/// Numbers drawn from a seed (splitmix64).
pub struct Draws(u64);

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number in `from..to`.
    pub fn within(&mut self, from: u64, to: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        from + (z ^ (z >> 31)) % (to - from)
    }
}

/// The end that a round is to have.
pub struct Plan {
    /// What arms the process to die by itself.
    pub failpoint: Option<String>,
    /// kill -9 after this much load, unless it is dead by then.
    pub kill_after: Duration,
    /// For the load of the round.
    pub seed: u64,
}

impl Plan {
    /// Of each four rounds three die at a failpoint, wherever that strikes;
    /// the fourth is killed from outside.
    pub fn draw(seed: u64, round: u64) -> Self {
        let mut draws = Draws::new(seed.wrapping_mul(0x1_0000).wrapping_add(round));
        let seed = draws.within(0, u64::MAX);
        if round % 4 == 3 {
            let kill_after = Duration::from_millis(draws.within(200, 3_000));
            return Self { failpoint: None, kill_after, seed };
        }
        let mean = draws.within(100, 2_000);
        let failpoint = format!("random:{}:{mean}", draws.within(0, 1_000_000));
        Self { failpoint: Some(failpoint), kill_after: Duration::from_secs(4), seed }
    }
}

/// How a round ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Death {
    /// At a failpoint, under load.
    Failpoint(String),
    /// At a failpoint before it was ready, then killed under load.
    Starting(String),
    /// kill -9 from outside.
    Killed,
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failpoint(place) => write!(f, "died at {place}"),
            Self::Starting(place) => write!(f, "died at {place} while starting, then killed"),
            Self::Killed => write!(f, "killed"),
        }
    }
}
