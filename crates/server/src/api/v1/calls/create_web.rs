//! `POST /v1/calls/web`: a call that a browser joins (contract §5.5).

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use offhook_model::{
    Timestamp,
    call::{CallStatus, Direction},
};
use offhook_store::Call;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::Caller,
    calls::web::{self, NewWebCall},
    error::ApiError,
    input::{Fields, Input, Read, rules},
};

/// Who talks to the browser.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[schema(example = json!({"agentId": "agt_abc123"}))]
pub(crate) struct CreateWebCall {
    /// The agent that talks.
    agent_id: String,
    /// Stored with the call and echoed when it ends.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Values of `{{name}}`; hosted agents only.
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    variables: Option<BTreeMap<String, String>>,
}

impl Read for CreateWebCall {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let agent_id = fields.required("agentId", rules::text());
        let metadata = fields.optional("metadata", rules::any_object());
        let variables = fields.optional("variables", rules::string_map().null_is_empty());
        Some(Self { agent_id: agent_id?, metadata, variables })
    }
}

/// The call, and the token that opens it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"accessToken": "eyJhbGciOi", "callId": "call_03", "id": "call_03", "agentId": "agt_abc123",
    "status": "in-progress", "direction": "web", "fromNumber": "web", "toNumber": "web",
    "startedAt": "2025-01-15T11:05:00Z"}))]
pub(crate) struct WebCallView {
    /// JSON Web Token; join within 30 s.
    access_token: String,
    /// The call.
    call_id: String,
    /// The call, again.
    id: String,
    /// The agent that talks.
    agent_id: Option<String>,
    /// `in-progress`.
    status: CallStatus,
    /// `web`.
    direction: Direction,
    /// `web`.
    from_number: String,
    /// `web`.
    to_number: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
}

/// Creates a browser call. It fails when nobody joins in time.
#[utoipa::path(
    post, path = "/v1/calls/web", tag = "calls", operation_id = "createWebCall",
    request_body = CreateWebCall,
    responses(
        (status = 200, body = WebCallView, description = "The call"),
        (status = 400, description = "Webhook mode without a webhook"),
        (status = 402, description = "The balance does not cover a call"),
        (status = 404, description = "Agent not found"),
        (status = 429, description = "All of the account's calls are in use"),
    )
)]
pub(crate) async fn create_web(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CreateWebCall>,
) -> Result<Json<WebCallView>, ApiError> {
    let new = NewWebCall {
        agent_id: body.agent_id.into(),
        metadata: body.metadata.map(Value::Object),
        variables: body.variables.unwrap_or_default(),
    };
    let (call, token) = web::create(&app, &caller.account, new, WebCallView::new).await?;
    Ok(Json(WebCallView::new(&call, &token)))
}

impl WebCallView {
    fn new(call: &Call, token: &str) -> Self {
        Self {
            access_token: token.to_owned(),
            call_id: call.id.to_string(),
            id: call.id.to_string(),
            agent_id: call.agent_id.as_ref().map(ToString::to_string),
            status: call.state.status(),
            direction: call.direction,
            from_number: call.from.clone(),
            to_number: call.to.clone(),
            started_at: call.started_at,
        }
    }
}
