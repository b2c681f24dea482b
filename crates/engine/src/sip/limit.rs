//! A token bucket per source, before any work is done.

use std::{
    collections::HashMap,
    future::Future,
    net::IpAddr,
    pin::Pin,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use rsipstack::{
    sip::{Method, SipMessage},
    transaction::endpoint::TransportEventInspector,
    transport::TransportEvent,
};

/// Sources remembered; beyond it, those with full buckets are forgotten.
const MAX_SOURCES: usize = 10_000;

/// How many new requests a source may send. ACK, BYE and CANCEL are free:
/// they end work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    /// Requests per second, for each IP address.
    pub per_second: f64,
    /// How many may come at once.
    pub burst: f64,
    /// As `per_second`, from loopback: the built-in carrier, tests, a proxy on
    /// this machine.
    pub loopback_per_second: f64,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { per_second: 50.0, burst: 200.0, loopback_per_second: 5_000.0 }
    }
}

/// Drops what comes too fast, silently: an answer would help an attacker.
pub struct Limiter {
    limit: RateLimit,
    buckets: Mutex<HashMap<IpAddr, (f64, Instant)>>,
}

impl Limiter {
    pub fn new(limit: RateLimit) -> Self {
        Self { limit, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes a token; false when there is none.
    pub fn admit(&self, ip: IpAddr, now: Instant) -> bool {
        let (rate, burst) = if ip.is_loopback() {
            (self.limit.loopback_per_second, self.limit.loopback_per_second.max(self.limit.burst))
        } else {
            (self.limit.per_second, self.limit.burst)
        };
        let refill = |(tokens, at): (f64, Instant)| {
            (tokens + now.saturating_duration_since(at).as_secs_f64() * rate).min(burst)
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_SOURCES && !buckets.contains_key(&ip) {
            buckets.retain(|_, bucket| refill(*bucket) < burst);
            if buckets.len() >= MAX_SOURCES {
                return false;
            }
        }
        let bucket = buckets.entry(ip).or_insert((burst, now));
        let tokens = refill(*bucket);
        let admitted = tokens >= 1.0;
        *bucket = (if admitted { tokens - 1.0 } else { tokens }, now);
        admitted
    }
}

/// The limiter as the stack's transport hook.
pub struct Gate(pub Limiter);

impl TransportEventInspector for Gate {
    fn handle<'life0, 'async_trait>(
        &'life0 self,
        event: TransportEvent,
    ) -> Pin<Box<dyn Future<Output = Option<TransportEvent>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let admitted = match &event {
            TransportEvent::Incoming(SipMessage::Request(request), _, from)
                if !matches!(request.method, Method::Ack | Method::Bye | Method::Cancel) =>
            {
                from.get_socketaddr().is_ok_and(|source| self.0.admit(source.ip(), Instant::now()))
            }
            _ => true,
        };
        if !admitted {
            metrics::counter!("offhook_sip_requests_limited_total").increment(1);
        }
        Box::pin(std::future::ready(admitted.then_some(event)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_source_is_slowed_down_and_others_are_not() {
        let limiter = Limiter::new(RateLimit { per_second: 1.0, burst: 3.0, loopback_per_second: 100.0 });
        let (noisy, calm) = (IpAddr::from([203, 0, 113, 1]), IpAddr::from([203, 0, 113, 2]));
        let now = Instant::now();
        let admitted = (0..10).filter(|_| limiter.admit(noisy, now)).count();
        assert_eq!(admitted, 3);
        assert!(limiter.admit(calm, now));
        assert!(limiter.admit(noisy, now + Duration::from_secs(1)));
        let loopback = IpAddr::from([127, 0, 0, 1]);
        assert_eq!((0..200).filter(|_| limiter.admit(loopback, now)).count(), 100);
    }
}
