//! `DELETE /v1/agents/{agent_id}/numbers/{number_id}`.

use axum::{Json, extract::State};
use offhook_model::id::{AgentId, NumberId};

use crate::{
    api::v1::{Success, agents},
    app::App,
    auth::Caller,
    error::ApiError,
    path::Path,
};

/// Takes a number from an agent; the account keeps it.
#[utoipa::path(
    delete, path = "/v1/agents/{agent_id}/numbers/{number_id}", tag = "agents",
    operation_id = "detachNumberFromAgent",
    params(
        ("agent_id" = String, Path, description = "The agent"),
        ("number_id" = String, Path, description = "One of its numbers"),
    ),
    responses(
        (status = 200, body = Success, description = "Nobody answers it now"),
        (status = 404, description = "Agent not found, or the number is not on it"),
    )
)]
pub(crate) async fn detach(
    State(app): State<App>,
    caller: Caller,
    Path((agent, number)): Path<(AgentId, NumberId)>,
) -> Result<Json<Success>, ApiError> {
    if app.store().detach_number(&caller.account, &agent, &number).await? {
        return Ok(Json(Success::YES));
    }
    agents::find(&app, &caller, &agent).await?;
    Err(ApiError::number_not_found())
}
