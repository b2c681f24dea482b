//! `POST /integrations/whatsapp/connect`.

use axum::{Json, extract::State};
use offhook_carriers::whatsapp::WhatsappGrant;
use offhook_model::id::{AgentId, WhatsappConnectionId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules::text},
    whatsapp::{self, Connect},
};

/// What WhatsApp's sign-up gave.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"code": "AQBx…", "waba_id": "102290129340398"}))]
pub(crate) struct ConnectWhatsapp {
    /// Exchanged once for access.
    #[schema(min_length = 1)]
    code: String,
    /// The business account chosen.
    waba_id: Option<String>,
    /// A number to bind at once.
    phone_number_id: Option<String>,
    /// The business that owns the account.
    business_id: Option<String>,
    /// The agent that numbers without one get when they are bound.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
}

impl Read for ConnectWhatsapp {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let code = fields.required("code", text().trimmed().chars(1..=4_096));
        let name = || text().trimmed().chars(1..=128);
        let waba_id = fields.optional("waba_id", name());
        let phone_number_id = fields.optional("phone_number_id", name());
        let business_id = fields.optional("business_id", name());
        let agent_id = fields.optional("agent_id", text()).map(AgentId::from);
        Some(Self { code: code?, waba_id, phone_number_id, business_id, agent_id })
    }
}

/// A connection that stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"connection_id": "wac_01", "status": "connected"}))]
pub(crate) struct ConnectedWhatsapp {
    /// `wac_…`; the same when the same business account is connected again.
    #[schema(value_type = String)]
    connection_id: WhatsappConnectionId,
    /// Always `connected`.
    status: &'static str,
}

/// Connects a WhatsApp business account.
#[utoipa::path(
    post, path = "/integrations/whatsapp/connect", tag = "whatsapp", operation_id = "whatsappConnect",
    request_body = ConnectWhatsapp,
    responses(
        (status = 200, body = ConnectedWhatsapp, description = "The connection"),
        (status = 400, description = "The carrier has no WhatsApp, or WhatsApp refused the code"),
        (status = 404, description = "Agent or number not found"),
    )
)]
pub(crate) async fn connect(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<ConnectWhatsapp>,
) -> Result<Json<ConnectedWhatsapp>, ApiError> {
    let asked = Connect {
        grant: WhatsappGrant { code: body.code, waba_id: body.waba_id, business_id: body.business_id },
        phone_number_id: body.phone_number_id,
        agent_id: body.agent_id,
    };
    let connection = whatsapp::connect(&app, &caller.account, asked).await?;
    Ok(Json(ConnectedWhatsapp { connection_id: connection.id, status: "connected" }))
}
