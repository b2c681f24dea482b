//! `POST /offhook/v1/deliveries/replay`.

use axum::{Json, extract::State};
use offhook_model::{Timestamp, id::AgentId};
use offhook_store::{DeliveryStatus, ReplayFilter};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::v1::agents,
    app::App,
    auth::Caller,
    error::ApiError,
    input::{
        Fields, Input, Read,
        rules::{instant, text, word},
    },
};

/// Most deliveries of one request.
const MOST: u32 = 10_000;

const STATES: &[&str] = &["failed", "success"];

/// Which deliveries to send again.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[schema(example = json!({"since": "2025-01-14T10:00:00Z", "until": "2025-01-14T12:00:00Z", "status": "failed"}))]
pub(crate) struct ReplayRequest {
    /// Of events from this moment on.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Of events before this moment; now by default, and not later.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// `failed` (default) or `success`.
    #[schema(value_type = Option<String>)]
    status: DeliveryStatus,
    /// Only events of this name.
    event: Option<String>,
    /// Only events of this agent.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
}

fn state(word: &str) -> Option<DeliveryStatus> {
    DeliveryStatus::from_word(word).filter(|status| *status != DeliveryStatus::Pending)
}

impl Read for ReplayRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let since = fields.required("since", instant());
        let status = fields.optional("status", word(state, STATES));
        let request = Self {
            until: fields.optional("until", instant()),
            status: status.unwrap_or(DeliveryStatus::Failed),
            event: fields.optional("event", text()),
            agent_id: fields.optional("agentId", text()).map(AgentId::from),
            since: since?,
        };
        Some(request)
    }
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"replayed": 42, "hasMore": false, "until": "2025-01-14T12:00:00Z"}))]
pub(crate) struct Replayed {
    /// How many are pending again.
    replayed: u32,
    /// Whether more may be left: ask again, with this `until`.
    has_more: bool,
    /// The end of the span.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// Sends again what was given up, or delivered, of events in a span of time.
///
/// At most 10,000 at once, oldest event first, after live events. Asking again
/// with the same `until` leaves alone what was replayed since then, so that a
/// repeated request does nothing twice. Voice turns are never sent again.
#[utoipa::path(
    post, path = "/offhook/v1/deliveries/replay", tag = "deliveries", operation_id = "replayDeliveries",
    request_body = ReplayRequest,
    responses(
        (status = 200, body = Replayed, description = "How many are pending again"),
        (status = 404, description = "Agent not found"),
    )
)]
pub(crate) async fn replay(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<ReplayRequest>,
) -> Result<Json<Replayed>, ApiError> {
    if let Some(agent) = &body.agent_id {
        agents::find(&app, &caller, agent).await?;
    }
    let now = app.now();
    if body.until.is_some_and(|until| until > now) {
        return Err(ApiError::field("until", "value_error", "Value error, must not be in the future"));
    }
    let filter = ReplayFilter {
        status: body.status,
        since: body.since,
        until: body.until.unwrap_or(now),
        event_type: body.event,
        agent_id: body.agent_id,
    };
    let replayed = app.store().replay_deliveries(&caller.account, &filter, now, MOST).await?;
    if replayed > 0 {
        app.calls().outbox.notify_one();
    }
    Ok(Json(Replayed { replayed, has_more: replayed >= MOST, until: filter.until }))
}
