//! `Idempotency-Key`: a POST that comes again is answered again, never done again.
//!
//! The key is claimed, durably, before the handler runs, and the answer is
//! stored after it. Whatever happens in between, the request does not run a
//! second time under this key:
//!
//! - **in flight**: 409 with `Retry-After`;
//! - **answered**: the same status, body and content type, also of a refusal
//!   or a 5xx, marked `Idempotency-Replayed: true`;
//! - **interrupted** (the process died, or the answer could not be stored): 409
//!   that says that the outcome is unknown, until the key is forgotten;
//! - **certainly nothing happened** ([`Untouched`]): the key is free again.
//!
//! Keys belong to an account and an API key. Another method, path, query or
//! body under the same key is a 422.

pub mod forget;
mod run;

use axum::response::Response;
use http::{HeaderValue, header};

use crate::error::{ApiError, Fault};

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
