//! `POST /v1/agents/{agent_id}/numbers`.

use axum::{Json, extract::State};
use offhook_model::id::{AgentId, NumberId};
use offhook_store::Attach;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::v1::agents::{self, AgentNumber},
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules::text},
    path::Path,
};

/// Which number to attach.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[schema(example = json!({"numberId": "num_xyz789"}))]
pub(crate) struct AttachNumber {
    /// One of the account's numbers.
    #[schema(value_type = String)]
    number_id: NumberId,
}

impl Read for AttachNumber {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let number_id = fields.required("numberId", text());
        Some(Self { number_id: number_id?.into() })
    }
}

/// A number and its agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"agentId": "agt_abc123", "number": {"id": "num_xyz789", "phoneNumber": "+14155551234",
    "status": "active", "type": "sms"}}))]
pub(crate) struct AttachedNumber {
    /// The agent that answers now.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// The number.
    number: AgentNumber,
}

/// Gives a number to an agent, taking it from any other.
#[utoipa::path(
    post, path = "/v1/agents/{agent_id}/numbers", tag = "agents", operation_id = "attachNumberToAgent",
    params(("agent_id" = String, Path, description = "The agent")),
    request_body = AttachNumber,
    responses(
        (status = 200, body = AttachedNumber, description = "The agent has it"),
        (status = 400, description = "The number was released"),
        (status = 404, description = "Agent or number not found"),
    )
)]
pub(crate) async fn attach(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AgentId>,
    Input(body): Input<AttachNumber>,
) -> Result<Json<AttachedNumber>, ApiError> {
    match app.store().attach_number(&caller.account, &id, &body.number_id, app.now()).await? {
        Attach::Attached(number) => {
            Ok(Json(AttachedNumber { agent_id: id, number: AgentNumber::from(*number) }))
        }
        Attach::AgentMissing => Err(agents::unknown()),
        Attach::NumberMissing => Err(ApiError::number_not_found()),
        Attach::NumberReleased => Err(ApiError::bad_request("Phone number has been released")),
    }
}
