//! `Idempotency-Key`: a POST that comes again is answered again, never done again.
//!
//! The key is claimed, durably, before the handler runs. Every transaction of
//! the handler counts itself in the key's row ([`offhook_store::Ticket`]), the
//! one that the request is for together with its answer ([`promise`]). The
//! final answer is stored after the handler. The same request again finds it
//!
//! - **in flight**: 409 with `Retry-After`;
//! - **answered**: the same status, body and content type, also of a refusal,
//!   marked `Idempotency-Replayed: true`;
//! - **interrupted** (the process died, or the answer was a 503) **with its
//!   effect committed**: the answer that was committed with it, replayed;
//! - **interrupted before anything was committed**, or **certainly untouched**
//!   ([`Untouched`]): the key is free, the request runs;
//! - **interrupted in the middle**: 409 that says that the outcome is unknown,
//!   until the key is forgotten.
//!
//! Keys belong to an account and an API key. Another method, path, query or
//! body under the same key is a 422.

pub mod forget;
mod promise;
mod run;

use axum::response::Response;
use http::{HeaderValue, header};

use crate::error::{ApiError, Fault};

pub(crate) use promise::promise;
pub(crate) use run::{InFlight, once};

/// The request's header.
pub const HEADER: &str = "idempotency-key";
/// Marks an answer that was given before.
pub const REPLAYED: &str = "idempotency-replayed";

/// Longest key.
const LONGEST: usize = 255;

/// Marks, as an extension of a response, that the request changed nothing
/// anywhere and may be tried again under its key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Untouched;

/// Whether this answer proves that nothing happened.
fn is_untouched(response: &Response) -> bool {
    response.extensions().get::<Untouched>().is_some()
}

/// Reads the header: 1 to 255 visible ASCII characters.
fn key(value: &HeaderValue) -> Result<String, ApiError> {
    let text = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    match text {
        Some(text) if (1..=LONGEST).contains(&text.len()) => Ok(text.to_owned()),
        _ => Err(fault("string_pattern_mismatch", "String should be 1 to 255 visible ASCII characters")),
    }
}

fn fault(kind: &'static str, message: &'static str) -> ApiError {
    let loc = vec![header_place(), "Idempotency-Key".into()];
    ApiError::validation(vec![Fault::new(loc, kind, message)])
}

fn header_place() -> crate::error::LocPart {
    "header".into()
}

/// The content type of a response, as text.
fn content_type(response: &Response) -> Option<String> {
    response.headers().get(header::CONTENT_TYPE)?.to_str().ok().map(str::to_owned)
}
