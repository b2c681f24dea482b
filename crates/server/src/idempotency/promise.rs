//! Answers that are committed together with what they tell of.

use std::any::Any;

use http::StatusCode;
use offhook_store::{StoredAnswer, Ticket};
use serde::Serialize;

/// Says what the request is answered once its next transaction that returns a
/// `T` is committed: `view`'s value as JSON, or none where that transaction
/// refused and changed nothing. A retry after a crash then gets this answer.
///
/// `view` may run several times. Without an `Idempotency-Key` this does nothing.
pub(crate) fn promise<T: Any, V: Serialize>(
    status: StatusCode,
    view: impl Fn(&T) -> Option<V> + Send + Sync + 'static,
) {
    Ticket::promise(move |stored: &T| {
        view(stored).map(|view| StoredAnswer {
            status: status.as_u16(),
            content_type: Some("application/json".to_owned()),
            body: serde_json::to_string(&view).ok(),
        })
    });
}
