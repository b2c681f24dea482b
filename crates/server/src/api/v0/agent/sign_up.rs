//! `POST /v0/agent/sign-up`.

use axum::{Json, extract::State};
use offhook_model::{Timestamp, id::VerificationId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::v1::register::is_email,
    app::App,
    error::ApiError,
    input::{Fields, Input, Read, rules::text},
    signup,
};

/// Who signs up.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"human_email": "ada@example.com", "agent_name": "Front desk"}))]
pub(crate) struct BeginSignUp {
    /// Where the code goes.
    #[schema(min_length = 6, max_length = 200)]
    human_email: String,
    /// Name of the first agent, cut after 100 characters; made of the address when omitted.
    agent_name: Option<String>,
}

impl Read for BeginSignUp {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let email = text().trimmed().chars(6..=200).matching("name@domain", is_email);
        let human_email = fields.required("human_email", email);
        let agent_name = fields.optional("agent_name", text());
        Some(Self { human_email: human_email?, agent_name })
    }
}

/// A code is on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "verification_id": "ver_01", "human_email": "ada@example.com", "expires_at": "2025-01-15T10:40:00Z",
    "message": "A code was sent to ada@example.com"
}))]
pub(crate) struct BegunSignUp {
    /// `ver_…`.
    #[schema(value_type = String)]
    verification_id: VerificationId,
    /// Where the code went.
    human_email: String,
    /// When the code stops working.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// For people.
    message: String,
}

/// Sends a code to the address of whoever wants an account.
#[utoipa::path(
    post, path = "/v0/agent/sign-up", tag = "sign-up", operation_id = "agentSignUp",
    request_body = BeginSignUp,
    responses(
        (status = 200, body = BegunSignUp, description = "The code is on its way"),
        (status = 403, description = "Sign-up is not open on this server"),
        (status = 409, description = "The address has an account"),
    ),
    security(())
)]
pub(crate) async fn sign_up(
    State(app): State<App>,
    Input(body): Input<BeginSignUp>,
) -> Result<Json<BegunSignUp>, ApiError> {
    let begun = signup::begin(&app, &body.human_email, body.agent_name).await?;
    Ok(Json(BegunSignUp {
        verification_id: begun.id,
        message: format!("A code was sent to {}", begun.email),
        human_email: begun.email,
        expires_at: begun.expires_at,
    }))
}
