//! Where a client stands, in headers and in words.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Rate;
use crate::error::ApiError;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// A client's place in the window that binds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(super) rate: Rate,
    /// Requests that may still follow at once.
    pub(super) remaining: u32,
    /// When the oldest request leaves the window, Unix ms.
    pub(super) free_at_ms: i64,
    pub(super) now_ms: i64,
    pub(super) fits: bool,
}

impl Standing {
    /// Whether the request may not pass.
    pub(crate) fn refused(&self) -> bool {
        !self.fits
    }

    /// The 429 of a request that may not pass.
    pub(crate) fn refusal(&self) -> ApiError {
        let Rate { requests, period } = self.rate;
        let message = format!("Rate limit exceeded. Limit: {requests} requests per {}s", period.as_secs());
        let wait = self.free_at_ms.saturating_sub(self.now_ms).max(0).unsigned_abs();
        ApiError::rate_limited(message, Duration::from_millis(wait))
    }

    /// Tells the client: how many, how many left, and when (Unix seconds) the
    /// next place is free.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let reset = self.free_at_ms.max(0).unsigned_abs().div_ceil(1_000);
        headers.insert(LIMIT, HeaderValue::from(self.rate.requests));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(reset));
    }
}
