//! `GET /integrations/whatsapp/status`.

use axum::{Json, extract::State};
use offhook_model::{
    Timestamp,
    e164::E164,
    id::{AgentId, NumberId, WhatsappConnectionId},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, auth::Caller, error::ApiError};

/// Whether the account uses WhatsApp.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"connected": false, "connections": []}))]
pub(crate) struct WhatsappStatus {
    /// Whether there is a connection.
    connected: bool,
    /// All of them, oldest first.
    connections: Vec<ConnectionView>,
}

/// A connected business account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatsappConnection)]
pub(crate) struct ConnectionView {
    /// `wac_…`.
    #[schema(value_type = String)]
    connection_id: WhatsappConnectionId,
    /// Always `connected`.
    status: &'static str,
    /// WhatsApp's name of the business account.
    waba_id: String,
    /// The business that owns it.
    #[schema(required)]
    business_id: Option<String>,
    /// The agent that numbers without one get when they are bound.
    #[schema(value_type = Option<String>, required)]
    agent_id: Option<AgentId>,
    /// Numbers that send through it.
    numbers: Vec<BoundNumber>,
    /// When it was first connected.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A number that sends by WhatsApp.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatsappBoundNumber)]
pub(crate) struct BoundNumber {
    /// `num_…`.
    #[schema(value_type = String)]
    number_id: NumberId,
    /// E.164.
    #[schema(value_type = String)]
    phone_number: E164,
}

/// The account's WhatsApp connections.
#[utoipa::path(
    get, path = "/integrations/whatsapp/status", tag = "whatsapp", operation_id = "whatsappStatus",
    responses((status = 200, body = WhatsappStatus, description = "The connections"))
)]
pub(crate) async fn status(State(app): State<App>, caller: Caller) -> Result<Json<WhatsappStatus>, ApiError> {
    let mut connections = Vec::new();
    for connection in app.store().whatsapp_connections(&caller.account).await? {
        let numbers = app.store().whatsapp_numbers(&caller.account, &connection.id).await?;
        connections.push(ConnectionView {
            connection_id: connection.id,
            status: "connected",
            waba_id: connection.waba_id,
            business_id: connection.business_id,
            agent_id: connection.agent_id,
            numbers: numbers
                .into_iter()
                .map(|number| BoundNumber { number_id: number.id, phone_number: number.phone_number })
                .collect(),
            created_at: connection.created_at,
        });
    }
    Ok(Json(WhatsappStatus { connected: !connections.is_empty(), connections }))
}
