//! Runs a keyed request, unless it ran before.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use offhook_model::Timestamp;
use offhook_store::{Claimed, EarlierRequest, IdempotencyClaim, IdempotencyScope, StoredAnswer, Ticket};
use sha2::{Digest, Sha256};

use super::{REPLAYED, content_type, fault, is_untouched, key};
use crate::{
    app::App,
    auth::Caller,
    calls::lost::SILENCE,
    error::{ApiError, Chain},
    input::read_body,
};

/// Answers up to this size are kept.
const KEPT_BYTES: usize = 1024 * 1024;
/// When to ask again after a request in flight.
const SOON: Duration = Duration::from_secs(1);
/// Looks at a key that others take and release before giving up.
const LOOKS: u32 = 3;

/// The claims of this process whose requests run now.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<HashSet<String>>);

impl InFlight {
    fn begin(&self, claim: String) -> Running<'_> {
        self.set().insert(claim.clone());
        Running { all: self, claim }
    }

    fn has(&self, claim: &str) -> bool {
        self.set().contains(claim)
    }

    fn set(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A claim that runs until it is dropped, also by a panic.
struct Running<'a> {
    all: &'a InFlight,
    claim: String,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.all.set().remove(&self.claim);
    }
}

/// Runs `request` under its key.
///
/// # Errors
/// 422 for a key that is none, or was used with another request; 409 while the
/// earlier request runs, or when it was interrupted in the middle; 408 and 413 of the body;
/// 503 when the key cannot be claimed: then nothing has run.
pub(crate) async fn once(
    app: &App,
    in_flight: &InFlight,
    caller: &Caller,
    header: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let idempotency_key = key(header)?;
    let (head, body) = request.into_parts();
    let body = read_body(&head.headers, body, app.settings()).await?;
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    let fingerprint = fingerprint(head.method.as_str(), target, &body);
    let scope =
        IdempotencyScope { account_id: caller.account.clone(), key_id: caller.key.clone(), idempotency_key };

    // Known as running before anybody can see the claim.
    let running = in_flight.begin(uuid::Uuid::new_v4().to_string());
    let now = app.now();
    let claim = IdempotencyClaim {
        scope: scope.clone(),
        fingerprint,
        owner: app.calls().incarnation.clone(),
        claim: running.claim.clone(),
        at: now,
    };
    if let Some(earlier) = take(app, in_flight, claim, now).await? {
        return earlier;
    }
    let ticket = Ticket::new(scope.clone(), running.claim.clone());
    let response = ticket.around(next.run(Request::from_parts(head, Body::from(body)))).await;
    if response.status().is_success() && ticket.has_open_promise() {
        debug_assert!(false, "no transaction returned what the answer was promised for");
        tracing::error!("the answer of an idempotent request was not committed with its effect");
    }
    Ok(keep(app, &scope, &running, response).await)
}

/// Takes the key, or says what its earlier request was answered.
async fn take(
    app: &App,
    in_flight: &InFlight,
    claim: IdempotencyClaim,
    now: Timestamp,
) -> Result<Option<Result<Response, ApiError>>, ApiError> {
    let mut interrupted = None;
    for _ in 0..LOOKS {
        let found = app.store().claim_idempotency(claim.clone(), forgotten(app, now)).await?;
        let earlier = match found {
            Claimed::Yes => return Ok(None),
            Claimed::Moved => continue,
            Claimed::Earlier(earlier) => earlier,
        };
        if earlier.fingerprint != claim.fingerprint {
            return Err(fault("value_error", "Value error, this key was used with another request"));
        }
        if let (true, Some(answer)) = (earlier.is_settled, &earlier.answer) {
            return Ok(Some(Ok(replay(answer.clone()))));
        }
        if is_running(app, in_flight, &earlier, now).await {
            return Err(busy());
        }
        // It may have ended between our two looks; then its answer is there at the next.
        if interrupted.replace(earlier.claim.clone()).as_ref() != Some(&earlier.claim) {
            continue;
        }
        if let Some(answer) = earlier.answer {
            return Ok(Some(Ok(replay(answer))));
        }
        if earlier.has_effect {
            return Err(unknown_outcome());
        }
        if app.store().take_over_idempotency(&earlier.claim, &claim).await? {
            return Ok(None);
        }
    }
    Err(busy())
}

async fn is_running(app: &App, in_flight: &InFlight, earlier: &EarlierRequest, now: Timestamp) -> bool {
    if earlier.owner == app.calls().incarnation {
        return in_flight.has(&earlier.claim);
    }
    // In doubt it runs: the client asks again.
    let Ok(now) = app.store().clock(now).await else { return true };
    let since = now.checked_sub(SILENCE).unwrap_or(Timestamp::MIN);
    app.store().is_incarnation_alive(&earlier.owner, since).await.unwrap_or(true)
}

/// Stores the answer, or frees the key when nothing happened. After a 503 the
/// row stays as the request's transactions left it: it knows better than we do
/// whether the last commit went through, and tells it to the retry.
async fn keep(app: &App, scope: &IdempotencyScope, running: &Running<'_>, response: Response) -> Response {
    if is_untouched(&response) {
        if let Err(error) = app.store().release_idempotency(scope, &running.claim).await {
            tracing::warn!(error = %Chain(&error), "an idempotency key could not be freed");
        }
        return response;
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        return response;
    }
    let content_type = content_type(&response);
    let (head, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return ApiError::unavailable("The answer could not be read").into_response();
    };
    let kept = if bytes.len() <= KEPT_BYTES { std::str::from_utf8(&bytes).ok() } else { None };
    let answer = StoredAnswer { status: head.status.as_u16(), content_type, body: kept.map(str::to_owned) };
    match app.store().complete_idempotency(scope, &running.claim, answer).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("a request outlived its idempotency key"),
        Err(error) => {
            tracing::error!(error = %Chain(&error), "the answer of an idempotent request was not stored");
        }
    }
    Response::from_parts(head, Body::from(bytes))
}

fn replay(answer: StoredAnswer) -> Response {
    let Some(body) = answer.body else {
        let message = "The request with this Idempotency-Key was done, but its answer was too large to keep";
        return ApiError::conflict(message).into_response();
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Body::from(body)).into_response();
    let kind = answer.content_type.and_then(|kind| HeaderValue::from_str(&kind).ok());
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn busy() -> ApiError {
    ApiError::conflict("A request with this Idempotency-Key is in progress").retry_after(SOON)
}

fn unknown_outcome() -> ApiError {
    ApiError::conflict(
        "The request with this Idempotency-Key was interrupted and its outcome is unknown. See whether it \
         took effect, then use a new key.",
    )
}

/// Keys claimed until then count as free.
fn forgotten(app: &App, now: Timestamp) -> Timestamp {
    now.checked_sub(app.settings().idempotency_window).unwrap_or(Timestamp::MIN)
}

fn fingerprint(method: &str, target: &str, body: &Bytes) -> String {
    let mut hash = Sha256::new();
    hash.update(method.as_bytes());
    hash.update(b" ");
    hash.update(target.as_bytes());
    hash.update(b"\n");
    hash.update(body);
    hex::encode(hash.finalize())
}
