//! `GET /v1/calls/{call_id}/transcript/stream`: the transcript as it grows
//! (contract §5.10).
//!
//! Subscribed first, read second: a turn committed in between comes twice and
//! is shown once, by its index. A reader that lags or misses one reads the
//! store again from the last turn it has shown.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::Stream;
use http::header;
use offhook_bus::{LiveEvent, Signal, Subscription};
use offhook_model::{
    Timestamp,
    call::CallStatus,
    id::{AgentId, CallId},
    report::{Role, Turn},
};
use offhook_store::{Call, StoreError};
use serde::Serialize;
use tokio::time::{Instant, sleep, sleep_until};
use utoipa::ToSchema;

use super::view::duration_seconds;
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, Chain},
    events::sse::{HEARTBEAT, frame},
    path::Path,
};

/// Longest silence on the stream: clients read with a 30 s timeout.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// Pause before the store is asked again when it failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// First event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Connected<'a> {
    call_id: &'a CallId,
    status: CallStatus,
    agent_id: Option<&'a AgentId>,
    agent_name: Option<&'a str>,
    direction: &'static str,
    from_number: &'a str,
    to_number: &'a str,
    started_at: Timestamp,
}

/// One turn.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TurnEvent<'a> {
    role: Role,
    content: &'a str,
    created_at: Timestamp,
}

/// Last event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndedEvent<'a> {
    call_id: &'a CallId,
    status: CallStatus,
    ended_at: Option<Timestamp>,
    duration_seconds: Option<i64>,
}

/// One event, as a reader of server-sent events gets it.
#[derive(ToSchema)]
#[schema(example = json!({"event": "turn", "data": "{\"role\":\"user\",\"content\":\"What are your hours?\",\"createdAt\":\"2025-01-15T10:30:20Z\"}"}))]
#[expect(dead_code, reason = "for the document only; the frames are written by `frame`")]
pub(crate) struct TranscriptEvent {
    /// `connected`, `turn` or `ended`.
    event: String,
    /// A JSON object: the call's head, a turn with `role`, `content` and
    /// `createdAt`, or the end with `status`, `endedAt` and `durationSeconds`.
    data: String,
}

/// The transcript so far, then live, as server-sent events `connected`,
/// `turn` and `ended`.
#[utoipa::path(
    get, path = "/v1/calls/{call_id}/transcript/stream", tag = "calls", operation_id = "streamCallTranscript",
    params(("call_id" = String, Path, description = "The call")),
    responses(
        (status = 200, content_type = "text/event-stream", body = TranscriptEvent, description = "The stream"),
        (status = 404, description = "Call not found"),
    )
)]
pub(crate) async fn stream(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<CallId>,
) -> Result<Response, ApiError> {
    let signals = app.calls().bus.subscribe(&id);
    let call = super::find(&app, &caller.account, &id).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(frames(app, call, signals))).into_response())
}

/// The stream's frames, until the call is over.
fn frames(
    app: App,
    mut call: Call,
    mut signals: Subscription,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    async_stream::stream! {
        yield Ok(connected(&call));
        let mut shown = 0;
        loop {
            // The state is read before the turns: when it says that the call
            // is over, no turn can follow.
            let read = async {
                let now = app.store().call(&call.account_id, &call.id).await?;
                Ok::<_, StoreError>((now, app.store().turns(&call.account_id, &call.id).await?))
            };
            match read.await {
                Ok((Some(now), turns)) => {
                    call = now;
                    for stored in turns.iter().filter(|stored| stored.turn.index >= shown) {
                        yield Ok(turn(&stored.turn));
                    }
                    shown = turns.last().map_or(shown, |stored| shown.max(stored.turn.index + 1));
                }
                Ok((None, _)) => return,
                Err(error) => tracing::warn!(call.id = %call.id, error = %Chain(&error), "a live transcript waits for the store"),
            }
            if call.state.end_reason().is_some() {
                yield Ok(ended(&call));
                return;
            }
            let mut beat = Instant::now() + HEARTBEAT_EVERY;
            loop {
                tokio::select! {
                    signal = signals.next() => match signal {
                        Some(Signal::Event(LiveEvent::State(_))) => {}
                        Some(Signal::Event(LiveEvent::Turn(next))) if next.index < shown => {}
                        Some(Signal::Event(LiveEvent::Turn(next))) if next.index == shown => {
                            shown += 1;
                            beat = Instant::now() + HEARTBEAT_EVERY;
                            yield Ok(turn(&next));
                        }
                        None => {
                            // Told of the end, and yet the store had none.
                            signals = app.calls().bus.subscribe(&call.id);
                            sleep(STORE_PAUSE).await;
                            break;
                        }
                        // The end, a gap, or too slow a reader: read on from the store.
                        Some(Signal::Event(_) | Signal::Resync) => break,
                    },
                    () = sleep_until(beat) => {
                        yield Ok(Bytes::from_static(HEARTBEAT));
                        break;
                    }
                }
            }
        }
    }
}

fn connected(call: &Call) -> Bytes {
    frame(
        "connected",
        &Connected {
            call_id: &call.id,
            status: call.state.status(),
            agent_id: call.agent_id.as_ref(),
            agent_name: call.agent_name.as_deref(),
            direction: call.direction.as_str(),
            from_number: &call.from,
            to_number: &call.to,
            started_at: call.started_at,
        },
    )
}

fn turn(turn: &Turn) -> Bytes {
    frame("turn", &TurnEvent { role: turn.role, content: &turn.text, created_at: turn.at })
}

fn ended(call: &Call) -> Bytes {
    let event = EndedEvent {
        call_id: &call.id,
        status: call.state.status(),
        ended_at: call.ended_at,
        duration_seconds: duration_seconds(call),
    };
    frame("ended", &event)
}
