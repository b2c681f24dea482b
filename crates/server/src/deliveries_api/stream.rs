//! `GET /offhook/v1/deliveries/stream`: attempts as they are made.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::Stream;
use http::header;
use offhook_model::{Timestamp, id::AgentId};
use serde::Serialize;
use tokio::{sync::broadcast::error::RecvError, time::timeout};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    auth::Caller,
    deliver::feed::Attempted,
    error::ApiError,
    events::sse::{HEARTBEAT, frame},
    input::{Fields, Query, Read, rules::text},
};

/// Longest silence on the stream: clients read with a 30 s timeout.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// Whose events.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct StreamQuery {
    /// Only those of this agent.
    #[param(value_type = Option<String>)]
    agent_id: Option<AgentId>,
}

impl Read for StreamQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { agent_id: fields.optional("agentId", text()).map(AgentId::from) })
    }
}

/// An attempt.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttemptEvent<'a> {
    id: &'a str,
    event: &'a str,
    channel: &'a str,
    agent_id: Option<&'a AgentId>,
    own_webhook: bool,
    attempt: u32,
    at: Timestamp,
    response_ms: u64,
    http_status: Option<u16>,
    error: Option<&'a str>,
    status: &'static str,
    next_retry_at: Option<Timestamp>,
    endpoint_state: &'static str,
    body: &'a str,
}

impl<'a> From<&'a Attempted> for AttemptEvent<'a> {
    fn from(attempted: &'a Attempted) -> Self {
        Self {
            id: &attempted.delivery_id,
            event: &attempted.event,
            channel: &attempted.channel,
            agent_id: attempted.agent_id.as_ref(),
            own_webhook: attempted.target.is_some(),
            attempt: attempted.attempt,
            at: attempted.at,
            response_ms: attempted.took_ms,
            http_status: attempted.http_status,
            error: attempted.error.as_deref(),
            status: attempted.status.as_str(),
            next_retry_at: attempted.next_retry_at,
            endpoint_state: attempted.standing.as_str(),
            body: &attempted.body,
        }
    }
}

/// One event, as a reader of server-sent events gets it.
#[derive(ToSchema)]
#[schema(example = json!({"event": "attempt", "data": "{\"id\":\"8a1f…\",\"event\":\"agent.message\",\"attempt\":1,\"httpStatus\":200}"}))]
#[expect(dead_code, reason = "for the document only; the frames are written by `frame`")]
pub(crate) struct DeliveryEvent {
    /// `connected`, `attempt` or `missed`.
    event: String,
    /// A JSON object: of an attempt `id`, `event`, `channel`, `agentId`,
    /// `ownWebhook`, `attempt`, `at`, `responseMs`, `httpStatus`, `error`,
    /// `status`, `nextRetryAt`, `endpointState` and the `body` that was sent;
    /// of `missed` how many the reader was too slow for.
    data: String,
}

/// Attempts as they are written down, live, as server-sent events `connected`,
/// `attempt` and `missed`. What was before is in the list of deliveries.
#[utoipa::path(
    get, path = "/offhook/v1/deliveries/stream", tag = "deliveries", operation_id = "streamDeliveries",
    params(StreamQuery),
    responses((status = 200, content_type = "text/event-stream", body = DeliveryEvent, description = "The stream"))
)]
pub(crate) async fn stream(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<StreamQuery>,
) -> Result<Response, ApiError> {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(frames(&app, caller, query.agent_id))).into_response())
}

fn frames(
    app: &App,
    caller: Caller,
    agent: Option<AgentId>,
) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let mut attempts = app.deliveries().feed.watch();
    async_stream::stream! {
        yield Ok(frame("connected", &serde_json::json!({})));
        loop {
            match timeout(HEARTBEAT_EVERY, attempts.recv()).await {
                Err(_silence) => yield Ok(Bytes::from_static(HEARTBEAT)),
                Ok(Ok(attempted)) => {
                    let is_wanted = attempted.account == caller.account
                        && (agent.is_none() || attempted.agent_id == agent);
                    if is_wanted {
                        yield Ok(frame("attempt", &AttemptEvent::from(&*attempted)));
                    }
                }
                Ok(Err(RecvError::Lagged(count))) => {
                    yield Ok(frame("missed", &serde_json::json!({"count": count})));
                }
                Ok(Err(RecvError::Closed)) => return,
            }
        }
    }
}
