//! How much each endpoint is given at once, and when it gets a rest. Pure.
//!
//! An endpoint has places of its own for first attempts and fewer for retries.
//! While it fails, its places halve with each failure in a row, so that many
//! hanging endpoints cannot fill the worker. After enough failures its breaker
//! opens: its events wait, unchanged, until a pause is over; then one of them
//! tries. If that succeeds all is as before, else the pause doubles.

use std::{collections::HashMap, time::Duration};

use offhook_model::Timestamp;
use offhook_store::{Endpoint, Lane};

/// How many deliveries are under way at once, and when an endpoint gets a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliverySettings {
    /// First attempts under way at once, over all endpoints.
    pub in_flight: u32,
    /// Retries under way at once, over all endpoints.
    pub retries_in_flight: u32,
    /// First attempts under way at once to one endpoint; of retries, a quarter.
    pub per_endpoint: u32,
    /// Failures in a row after which an endpoint gets a rest.
    pub breaker_failures: u32,
    /// The first rest; each that ends in another failure is twice as long.
    pub breaker_pause: Duration,
    /// The longest rest.
    pub breaker_longest_pause: Duration,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            in_flight: 512,
            retries_in_flight: 128,
            per_endpoint: 32,
            breaker_failures: 20,
            breaker_pause: Duration::from_secs(5),
            breaker_longest_pause: Duration::from_secs(300),
        }
    }
}

impl DeliverySettings {
    /// Places of a whole lane.
    #[must_use]
    pub fn of_lane(&self, lane: Lane) -> u32 {
        match lane {
            Lane::First => self.in_flight,
            Lane::Retry => self.retries_in_flight,
        }
    }

    /// Places of one endpoint in a lane.
    fn of_endpoint(&self, lane: Lane) -> u32 {
        match lane {
            Lane::First => self.per_endpoint,
            Lane::Retry => self.per_endpoint / 4,
        }
        .max(1)
    }
}

/// A place at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its lane.
    pub lane: Lane,
    /// Whether it is the one that tries after a pause.
    pub is_probe: bool,
}

/// What a place was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// The endpoint answered and made sense: also a 404 is an answer.
    Answered,
    /// Nothing, too late, or an answer that asks to try again.
    Failed,
    /// Nothing was sent.
    Unused,
}

/// How an endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its last attempt was answered, or there was none.
    Ok,
    /// Its last attempt failed.
    Failing,
    /// Its breaker is open: its events wait.
    Resting,
}

impl Standing {
    /// As the API names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::Resting => "resting",
        }
    }
}

#[derive(Debug, Default)]
struct State {
    under_way: [u32; 2],
    failures: u32,
    pause: Option<Pause>,
}

#[derive(Debug, Clone, Copy)]
struct Pause {
    until: Timestamp,
    length: Duration,
    is_probed: bool,
}

/// Every endpoint of which there is something to remember.
#[derive(Debug)]
pub struct Endpoints {
    settings: DeliverySettings,
    states: HashMap<Endpoint, State>,
}

impl Endpoints {
    /// All of them well and idle.
    #[must_use]
    pub fn new(settings: DeliverySettings) -> Self {
        Self { settings, states: HashMap::new() }
    }

    /// How many more may be sent there now.
    #[must_use]
    pub fn room(&self, endpoint: &Endpoint, lane: Lane, now: Timestamp) -> u32 {
        let limit = self.settings.of_endpoint(lane);
        let Some(state) = self.states.get(endpoint) else { return limit };
        match state.pause {
            Some(pause) => u32::from(now >= pause.until && !pause.is_probed),
            None => {
                let limit = limit.checked_shr(state.failures).unwrap_or(0).max(1);
                limit.saturating_sub(state.under_way[at(lane)])
            }
        }
    }

    /// Takes a place, if there is one.
    pub fn take(&mut self, endpoint: &Endpoint, lane: Lane, now: Timestamp) -> Option<Place> {
        if self.room(endpoint, lane, now) == 0 {
            return None;
        }
        let state = self.states.entry(endpoint.clone()).or_default();
        state.under_way[at(lane)] += 1;
        let is_probe = state.pause.is_some();
        if let Some(pause) = &mut state.pause {
            pause.is_probed = true;
        }
        Some(Place { lane, is_probe })
    }

    /// Gives a place back. True when the endpoint's breaker opened by it.
    pub fn give_back(&mut self, endpoint: &Endpoint, place: Place, used: Used, now: Timestamp) -> bool {
        let Some(state) = self.states.get_mut(endpoint) else { return false };
        let count = &mut state.under_way[at(place.lane)];
        *count = count.saturating_sub(1);
        let mut opened = false;
        match used {
            Used::Answered => {
                state.failures = 0;
                state.pause = None;
            }
            Used::Failed => {
                state.failures = state.failures.saturating_add(1);
                let length = match state.pause {
                    None if state.failures >= self.settings.breaker_failures => {
                        Some(self.settings.breaker_pause)
                    }
                    Some(pause) if place.is_probe => Some(pause.length.saturating_mul(2)),
                    // Sent before the breaker opened: it says nothing new.
                    _ => None,
                };
                if let Some(length) = length {
                    let length = length.min(self.settings.breaker_longest_pause);
                    let until = super::later(now, length);
                    state.pause = Some(Pause { until, length, is_probed: false });
                    opened = true;
                }
            }
            Used::Unused => {
                if let Some(pause) = &mut state.pause
                    && place.is_probe
                {
                    pause.is_probed = false;
                }
            }
        }
        if state.under_way == [0, 0] && state.failures == 0 && state.pause.is_none() {
            self.states.remove(endpoint);
        }
        opened
    }

    /// Forgets what went wrong there: it is another address now.
    pub fn forget(&mut self, endpoint: &Endpoint) {
        if let Some(state) = self.states.get_mut(endpoint) {
            state.failures = 0;
            state.pause = None;
        }
    }

    /// How an endpoint does.
    #[must_use]
    pub fn standing(&self, endpoint: &Endpoint) -> Standing {
        match self.states.get(endpoint) {
            Some(State { pause: Some(_), .. }) => Standing::Resting,
            Some(State { failures: 1.., .. }) => Standing::Failing,
            _ => Standing::Ok,
        }
    }

    /// When the next pause ends that nothing probes yet.
    #[must_use]
    pub fn next_probe(&self) -> Option<Timestamp> {
        let pauses = self.states.values().filter_map(|state| state.pause);
        pauses.filter(|pause| !pause.is_probed).map(|pause| pause.until).min()
    }

    /// How many breakers are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.states.values().filter(|state| state.pause.is_some()).count()
    }
}

fn at(lane: Lane) -> usize {
    match lane {
        Lane::First => 0,
        Lane::Retry => 1,
    }
}

#[cfg(test)]
mod tests;
