//! The audit log: every request of a known key that may change something,
//! also when it is refused.
//!
//! An entry is written after the request ran and before it is answered: a 2xx
//! means that both the change and its entry are durable. Many requests share
//! one transaction ([`log`]). Where the store fails, the request keeps its own
//! answer; the loss is logged and counted in `offhook_audit_lost_total`.
//!
//! Not written: requests without a valid key, requests beyond a rate limit
//! (the log would grow as fast as anybody can send), and repeated answers of
//! an `Idempotency-Key`. Never in an entry: bodies, queries, phone numbers.

mod deed;
mod log;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};

pub(crate) use deed::Deed;
pub use log::AuditLog;

use crate::{app::App, error::ApiError, idempotency::REPLAYED};

/// Writes down what a request came to, then lets its answer go.
pub(crate) async fn written(app: &App, deed: Deed, response: Response) -> Response {
    if response.headers().contains_key(REPLAYED) {
        return response;
    }
    let (head, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return ApiError::unavailable("The answer could not be read").into_response();
    };
    let succeeded = head.status.is_success();
    let entry = deed.done(head.status, succeeded.then_some(&*bytes));
    if succeeded {
        app.audit().write(entry).await;
    } else {
        app.audit().note(entry);
    }
    Response::from_parts(head, Body::from(bytes))
}
