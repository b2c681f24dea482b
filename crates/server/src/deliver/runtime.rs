//! What deliveries of this process share.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use offhook_model::Timestamp;
use offhook_store::{Endpoint, Lane};

use super::{
    endpoints::{Endpoints, Place, Standing, Used},
    feed::Feed,
};
use crate::settings::Settings;

/// Places at endpoints, and who watches attempts.
pub struct DeliveryRuntime {
    endpoints: Arc<Mutex<Endpoints>>,
    /// Tells of every attempt that was written down.
    pub feed: Feed,
}

impl fmt::Debug for DeliveryRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryRuntime").finish_non_exhaustive()
    }
}

impl DeliveryRuntime {
    /// Nothing under way.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let mut places = settings.deliveries;
        // An endpoint rests no longer than a single failed delivery waits.
        if let Some(first) = settings.retry_delays.first() {
            places.breaker_longest_pause = places.breaker_longest_pause.min(*first);
        }
        Self { endpoints: Arc::new(Mutex::new(Endpoints::new(places))), feed: Feed::default() }
    }

    /// Reads or changes the endpoints' state.
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Endpoints) -> T) -> T {
        look(&mut self.endpoints.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a place at an endpoint, if it has one.
    pub(super) fn take(&self, endpoint: &Endpoint, lane: Lane, now: Timestamp) -> Option<Slot> {
        let place = self.with(|all| all.take(endpoint, lane, now))?;
        Some(Slot {
            endpoints: Arc::clone(&self.endpoints),
            endpoint: endpoint.clone(),
            place: Some(place),
            taken_at: now,
        })
    }

    /// How an endpoint does.
    #[must_use]
    pub fn standing(&self, endpoint: &Endpoint) -> Standing {
        self.with(|all| all.standing(endpoint))
    }

    /// Forgets what went wrong at an endpoint whose webhook was replaced or deleted.
    pub fn forget(&self, endpoint: &Endpoint) {
        self.with(|all| all.forget(endpoint));
    }
}

/// A place at an endpoint, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    endpoints: Arc<Mutex<Endpoints>>,
    endpoint: Endpoint,
    /// None once it was given back.
    place: Option<Place>,
    taken_at: Timestamp,
}

impl Slot {
    /// Gives it back, saying what it was used for. True when that opened the
    /// endpoint's breaker.
    pub(super) fn used(mut self, used: Used, now: Timestamp) -> bool {
        self.give_back(used, now)
    }

    fn give_back(&mut self, used: Used, now: Timestamp) -> bool {
        let Some(place) = self.place.take() else { return false };
        let mut all = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        all.give_back(&self.endpoint, place, used, now)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.give_back(Used::Unused, self.taken_at);
    }
}
