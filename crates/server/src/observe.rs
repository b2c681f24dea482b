//! Around every request: an id, a span, metrics, a net for panics, and a task
//! of its own for what changes something.
//!
//! Spans and metrics carry the route's template, never the path: paths may
//! hold phone numbers.

use std::{any::Any, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::HeaderValue;
use tracing::Instrument;

use crate::error::{ApiError, ErrorCode};

/// Header that carries a request's id, both ways.
pub const REQUEST_ID: &str = "x-request-id";

/// The id of a request, for what is written about it.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Gives the request an id, or keeps the client's when it is sane; measures
/// and logs it.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(REQUEST_ID)
        .filter(|id| (1..=64).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic))
        .cloned()
        .unwrap_or_else(new_id);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default(), %method, route);
    request.extensions_mut().insert(RequestId(id.to_str().unwrap_or_default().to_owned()));
    let start = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let took = start.elapsed();
    let _entered = span.enter();
    tracing::debug!(status, duration_ms = took.as_millis() as u64, "request answered");
    let labels = [("method", method.to_string()), ("route", route), ("status", status.to_string())];
    metrics::counter!("offhook_http_requests_total", &labels).increment(1);
    metrics::histogram!("offhook_http_request_seconds", &labels[..2]).record(took.as_secs_f64());
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Runs a request that changes something in a task of its own: a client that
/// goes away must not stop it between the carrier and the database, or between
/// a call's row and its dialling.
pub async fn detached(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => ApiError::unavailable("The server is shutting down").into_response(),
        },
    }
}

fn new_id() -> HeaderValue {
    HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).unwrap_or(HeaderValue::from_static("none"))
}

/// Answers for a handler that panicked; the panic hook has logged where.
pub fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    metrics::counter!("offhook_http_panics_total").increment(1);
    ApiError::new(ErrorCode::Internal, "Internal server error").into_response()
}
