//! `POST /integrations/whatsapp/{connection_id}/numbers`.

use axum::{Json, extract::State};
use offhook_model::id::{AgentId, NumberId, WhatsappConnectionId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules::text},
    path::Path,
    whatsapp,
};

/// Which number shall send by WhatsApp.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"phone_number_id": "106540352242922", "agent_id": "agt_abc123"}))]
pub(crate) struct BindWhatsappNumber {
    /// As the list of available numbers names it.
    #[schema(min_length = 1)]
    phone_number_id: String,
    /// The agent to attach it to; otherwise the connection's, if it has none.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
}

impl Read for BindWhatsappNumber {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let phone_number_id = fields.required("phone_number_id", text().trimmed().chars(1..=128));
        let agent_id = fields.optional("agent_id", text()).map(AgentId::from);
        Some(Self { phone_number_id: phone_number_id?, agent_id })
    }
}

/// The number that sends by WhatsApp now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"success": true, "number_id": "num_xyz789"}))]
pub(crate) struct BoundWhatsappNumber {
    /// Always true.
    success: bool,
    /// `num_…`.
    #[schema(value_type = String)]
    number_id: NumberId,
}

/// Lets a number of the account send by WhatsApp.
#[utoipa::path(
    post, path = "/integrations/whatsapp/{connection_id}/numbers", tag = "whatsapp",
    operation_id = "whatsappConnectNumber",
    params(("connection_id" = String, Path, description = "The connection")),
    request_body = BindWhatsappNumber,
    responses(
        (status = 200, body = BoundWhatsappNumber, description = "The number"),
        (status = 400, description = "The carrier has no WhatsApp"),
        (status = 404, description = "Connection, number or agent not found"),
    )
)]
pub(crate) async fn bind(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<WhatsappConnectionId>,
    Input(body): Input<BindWhatsappNumber>,
) -> Result<Json<BoundWhatsappNumber>, ApiError> {
    let connection = whatsapp::find(&app, &caller.account, &id).await?;
    let number =
        whatsapp::bind(&app, &caller.account, &connection, &body.phone_number_id, body.agent_id).await?;
    Ok(Json(BoundWhatsappNumber { success: true, number_id: number.id }))
}
