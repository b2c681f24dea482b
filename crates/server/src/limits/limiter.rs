//! Counts requests and says whether one more may pass.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use offhook_model::{Timestamp, id::ApiKeyId};
use offhook_store::KeyHash;

use super::{
    Rate, Rates, Standing,
    buckets::{Buckets, settle},
};
use crate::requests::routes::{Route, Routes};

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// An API key that works.
    Key(ApiKeyId),
    /// Where a request without a key comes from.
    Address(Address),
}

/// An address as far as one client is behind it: an IPv6 network of 64 bits
/// counts as one. None is all of unknown origin together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Address(Option<IpAddr>);

impl From<Option<IpAddr>> for Address {
    fn from(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(long) => Ipv6Addr::from_bits(long.to_bits() & (u128::MAX << 64)).into(),
        }))
    }
}

/// Counts the requests of this process. Without rates everything passes.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    rates: Option<Rates>,
    /// The routes that have rates of their own.
    listed: HashMap<String, Vec<Rate>>,
    /// Keys and addresses apart: strangers never push a key out.
    keys: Mutex<Buckets<(ApiKeyId, Arc<str>)>>,
    addresses: Mutex<Buckets<(Address, Arc<str>)>>,
    /// Requests without a valid key.
    guesses: Mutex<Buckets<Address>>,
    /// Keys that worked from an address: they go on working while others
    /// behind the same address guess.
    proven: Mutex<Buckets<(Address, KeyHash)>>,
    names: HashMap<String, Arc<str>>,
}

impl Limiter {
    pub(crate) fn new(rates: Option<Rates>, routes: &Routes) -> Self {
        let name = |route: &Route| format!("{} {}", route.method, route.template);
        let listed = rates.iter().flat_map(|rates| &rates.routes);
        Self {
            listed: listed
                .map(|(method, template, rates)| (format!("{method} {template}"), rates.clone()))
                .collect(),
            names: routes.iter().map(|route| (route.operation.clone(), name(route).into())).collect(),
            rates,
            ..Self::default()
        }
    }

    /// Counts a request of this route, when it may pass. None where the route
    /// has no limit.
    pub(crate) fn admit(&self, subject: Subject, route: &Route, now: Timestamp) -> Option<Standing> {
        let name = self.names.get(&route.operation)?;
        let rates = self.listed.get(&**name).or(self.rates.as_ref().map(|rates| &rates.default))?;
        let now = now.as_millisecond();
        let standing = match subject {
            Subject::Key(key) => count(&self.keys, (key, Arc::clone(name)), rates, now, true),
            Subject::Address(address) => {
                count(&self.addresses, (address, Arc::clone(name)), rates, now, true)
            }
        };
        if standing.as_ref().is_some_and(|standing| standing.refused()) {
            let labels = [("route", route.template.clone()), ("method", route.method.to_string())];
            metrics::counter!("offhook_rate_limited_total", &labels).increment(1);
        }
        standing
    }

    /// Whether this address may still show keys: the refusal when it guessed
    /// too often, unless this key has worked from there before.
    pub(crate) fn may_guess(
        &self,
        address: Address,
        key: Option<&KeyHash>,
        now: Timestamp,
    ) -> Option<Standing> {
        let rates = &self.rates.as_ref()?.unauthorized;
        let standing = count(&self.guesses, address, rates, now.as_millisecond(), false)?;
        if !standing.refused() {
            return None;
        }
        if let Some(key) = key {
            let proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
            if proven.knows(&(address, key.clone())) {
                return None;
            }
        }
        metrics::counter!("offhook_guesses_refused_total").increment(1);
        Some(standing)
    }

    /// Notes a request without a valid key.
    pub(crate) fn guessed(&self, address: Address, now: Timestamp) {
        if let Some(rates) = &self.rates {
            count(&self.guesses, address, &rates.unauthorized, now.as_millisecond(), true);
        }
    }

    /// Notes that a key worked.
    pub(crate) fn proved(&self, address: Address, key: KeyHash) {
        if self.rates.as_ref().is_some_and(|rates| !rates.unauthorized.is_empty()) {
            self.proven.lock().unwrap_or_else(PoisonError::into_inner).windows((address, key), 0);
        }
    }
}

/// Whether one more fits all windows; with `take` it is counted then. None
/// where there is no rate.
fn count<K: std::hash::Hash + Eq>(
    buckets: &Mutex<Buckets<K>>,
    subject: K,
    rates: &[Rate],
    now: i64,
    take: bool,
) -> Option<Standing> {
    if rates.is_empty() {
        return None;
    }
    let mut buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
    let windows = buckets.windows(subject, rates.len());
    let period_ms = |rate: &Rate| i64::try_from(rate.period.as_millis()).unwrap_or(i64::MAX);
    let moments: Vec<i64> =
        windows.iter_mut().zip(rates).map(|(window, rate)| settle(window, now, period_ms(rate))).collect();
    let fits = windows.iter().zip(rates).all(|(window, rate)| window.len() < rate.requests as usize);
    if fits && take {
        windows.iter_mut().zip(&moments).for_each(|(window, at)| window.push_back(*at));
    }
    windows
        .iter()
        .zip(rates)
        .zip(moments)
        .map(|((window, rate), now)| Standing {
            rate: *rate,
            remaining: rate.requests.saturating_sub(u32::try_from(window.len()).unwrap_or(u32::MAX)),
            free_at_ms: window.front().map_or(now, |oldest| oldest.saturating_add(period_ms(rate))),
            now_ms: now,
            fits,
        })
        // The window that binds: without a place the one that frees last, else the fullest.
        .min_by_key(|standing| (standing.remaining, std::cmp::Reverse(standing.free_at_ms)))
}
