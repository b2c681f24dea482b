//! `GET /v1/calls/{call_id}/transcript`: flat, and as exchange rows.

use axum::{Json, extract::State};
use offhook_model::{
    Timestamp,
    call::{CallStatus, Direction},
    id::CallId,
    report::{Role, TurnLatency},
};
use offhook_store::{Call, StoredTurn};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    ExchangeView, find,
    view::{LatencyView, duration_seconds, rows},
};
use crate::{app::App, auth::Caller, error::ApiError, path::Path};

/// The transcript so far.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"callId": "call_01", "status": "completed", "agentId": "agt_abc123", "direction": "inbound",
    "fromNumber": "+14155559876", "toNumber": "+14155551234", "startedAt": "2025-01-15T10:30:00Z",
    "endedAt": "2025-01-15T10:32:30Z", "durationSeconds": 150,
    "transcript": [
    {"role": "user", "content": "What are your hours?", "createdAt": "2025-01-15T10:30:20Z"},
    {"role": "agent", "content": "We are open nine to five.", "createdAt": "2025-01-15T10:30:22Z"}
    ],
    "data": [{"id": "tr_01", "transcript": "What are your hours?", "confidence": 0.95,
    "response": "We are open nine to five.", "createdAt": "2025-01-15T10:30:20Z", "interrupted": false}]}))]
pub(crate) struct TranscriptView {
    /// The call.
    call_id: String,
    /// `in-progress`, `completed` or `failed`.
    status: CallStatus,
    /// The agent; null once it is deleted.
    agent_id: Option<String>,
    /// `inbound`, `outbound` or `web`.
    direction: Direction,
    /// The calling party.
    from_number: String,
    /// The called party.
    to_number: String,
    /// Arrival or creation.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// End.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Whole seconds from answer to end.
    duration_seconds: Option<i64>,
    /// Every turn in order.
    transcript: Vec<TurnView>,
    /// The same as exchange rows.
    data: Vec<ExchangeView>,
}

/// One turn.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TurnView {
    /// Who spoke.
    role: Role,
    /// The words; an interrupted agent's end where it was cut off.
    content: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// What the caller waited for an agent's turn, by its parts.
    latency: Option<LatencyView>,
}

impl TranscriptView {
    fn new(call: Call, turns: &[StoredTurn]) -> Self {
        let turn = |stored: &StoredTurn| TurnView {
            role: stored.turn.role,
            content: stored.turn.text.clone(),
            created_at: stored.turn.at,
            latency: stored.turn.latency.map(|latency: TurnLatency| latency.into()),
        };
        Self {
            status: call.state.status(),
            agent_id: call.agent_id.as_ref().map(ToString::to_string),
            direction: call.direction,
            started_at: call.started_at,
            ended_at: call.ended_at,
            duration_seconds: duration_seconds(&call),
            transcript: turns.iter().map(turn).collect(),
            data: rows(turns),
            call_id: call.id.to_string(),
            from_number: call.from,
            to_number: call.to,
        }
    }
}

/// The complete ordered transcript; partial while the call runs.
#[utoipa::path(
    get, path = "/v1/calls/{call_id}/transcript", tag = "calls", operation_id = "getCallTranscript",
    params(("call_id" = String, Path, description = "The call")),
    responses(
        (status = 200, body = TranscriptView, description = "The transcript"),
        (status = 404, description = "Call not found"),
    )
)]
pub(crate) async fn transcript(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<CallId>,
) -> Result<Json<TranscriptView>, ApiError> {
    let call = find(&app, &caller.account, &id).await?;
    let turns = app.store().turns(&caller.account, &id).await?;
    Ok(Json(TranscriptView::new(call, &turns)))
}
