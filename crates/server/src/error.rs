//! Every error a client can see: one type, both envelopes (contract `errors-and-limits.md` §1).
//!
//! `detail` drives the published clients; `error{}` is what the guide
//! describes. Both are always there, and the body is always JSON.

use std::{borrow::Cow, time::Duration};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use offhook_carriers::CarrierError;
use offhook_store::StoreError;
use serde_json::json;

use crate::idempotency::Untouched;

mod chain;
mod code;
mod fault;

pub use chain::Chain;
pub use code::ErrorCode;
pub use fault::{Fault, LocPart};

/// `Retry-After` of a 503: a restart of a database takes about as long.
const BACK_SOON: Duration = Duration::from_secs(5);

/// A refusal, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    code: ErrorCode,
    message: Cow<'static, str>,
    faults: Vec<Fault>,
    retry_after: Option<Duration>,
    untouched: bool,
}

impl ApiError {
    /// An error of this code with the text of `detail`.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), faults: Vec::new(), retry_after: None, untouched: false }
    }

    /// 400: a business rule refuses.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }

    /// 401: the key is missing, malformed or unknown; the text never says which key.
    pub fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Unauthorized, message)
    }

    /// 402: the balance does not cover it.
    #[must_use]
    pub fn insufficient_balance() -> Self {
        Self::new(ErrorCode::InsufficientBalance, "Insufficient balance. Add credit and try again.")
    }

    /// 403: not allowed, whoever asks.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }

    /// 404 of anything but numbers, e.g. `Agent not found`.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    /// 404 of a phone number.
    #[must_use]
    pub fn number_not_found() -> Self {
        Self::new(ErrorCode::PhoneNumberNotFound, "Phone number not found")
    }

    /// 409: the state of things forbids it.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    /// 422: the request does not fit its schema. `faults` must not be empty.
    #[must_use]
    pub fn validation(faults: Vec<Fault>) -> Self {
        debug_assert!(!faults.is_empty(), "a 422 names what is wrong");
        Self { faults, ..Self::new(ErrorCode::Validation, "Request validation failed") }
    }

    /// 422 with a single fault of one body field.
    pub fn field(name: &str, kind: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::validation(vec![Fault::new(vec!["body".into(), name.into()], kind, message)])
    }

    /// 429, with the time after which a retry makes sense. Nothing has happened.
    pub fn rate_limited(message: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        Self::new(ErrorCode::RateLimitExceeded, message).retry_after(retry_after).untouched()
    }

    /// Says when a retry makes sense, to the second, rounded up.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }

    /// Certifies that the request changed nothing, here or at a carrier: it may
    /// be tried again under the same `Idempotency-Key`.
    #[must_use]
    pub fn untouched(self) -> Self {
        Self { untouched: true, ..self }
    }

    /// 503: something we depend on is down; asks to come back a little later.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self { retry_after: Some(BACK_SOON), ..Self::new(ErrorCode::ServiceUnavailable, message) }
    }

    /// 500: a fault of ours. Logs the cause; the client sees none of it.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(cause = %Chain(cause), "request failed by a fault of ours");
        Self::new(ErrorCode::Internal, "Internal server error")
    }

    /// Whether the same request may succeed when it is made again soon.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.code == ErrorCode::ServiceUnavailable
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What went wrong, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.code.status()
    }

    fn body(&self) -> serde_json::Value {
        let details: Vec<_> = self.faults.iter().map(Fault::detail).collect();
        let detail = if self.faults.is_empty() { json!(self.message) } else { json!(self.faults) };
        json!({
            "detail": detail,
            "error": {
                "message": self.message,
                "code": self.code.as_str(),
                "type": self.code.kind(),
                "details": details,
            },
        })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.code.status(), Json(self.body())).into_response();
        if self.code == ErrorCode::Unauthorized {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if self.untouched {
            response.extensions_mut().insert(Untouched);
        }
        response
    }
}

impl From<CarrierError> for ApiError {
    fn from(error: CarrierError) -> Self {
        match error {
            CarrierError::NoInventory { area_code, alternatives } if alternatives.is_empty() => {
                Self::conflict(format!("No numbers available in area code {area_code}"))
            }
            CarrierError::NoInventory { area_code, alternatives } => Self::conflict(format!(
                "No numbers available in area code {area_code}. Try: {}",
                alternatives.join(", ")
            )),
            CarrierError::SoldOut => Self::unavailable("No phone numbers are available").untouched(),
            CarrierError::Taken => Self::conflict("The phone number was taken by another buyer"),
            CarrierError::Unsupported { carrier, what } => {
                Self::bad_request(format!("{carrier} does not offer {what}"))
            }
            CarrierError::Refused { carrier, reason } => {
                tracing::warn!(carrier, reason, "carrier refused");
                Self::new(ErrorCode::CarrierError, format!("{carrier} refused the request"))
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Superseded) {
            return Self::conflict("Another request with this Idempotency-Key was begun");
        }
        if error.is_temporary() || matches!(error, StoreError::Closed) {
            tracing::warn!(error = %Chain(&error), "a request failed because the store did");
            return Self::unavailable("The database is not available. Try again soon.");
        }
        Self::internal(&error)
    }
}
