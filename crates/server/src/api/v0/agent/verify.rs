//! `POST /v0/agent/verify`.

use axum::{Json, extract::State};
use offhook_model::{
    e164::E164,
    id::{AccountId, AgentId, NumberId, VerificationId},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    error::ApiError,
    input::{Fields, Input, Read, rules::text},
    signup,
};

/// A code that came by mail.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"verification_id": "ver_01", "otp_code": "123456"}))]
pub(crate) struct FinishSignUp {
    /// As `POST /v0/agent/sign-up` named it.
    #[schema(value_type = String)]
    verification_id: VerificationId,
    /// What the mail says.
    #[schema(min_length = 1, max_length = 64)]
    otp_code: String,
    /// What it was signed up from; kept for the operator.
    #[schema(max_length = 200)]
    source: Option<String>,
}

impl Read for FinishSignUp {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let verification_id = fields.required("verification_id", text()).map(VerificationId::from);
        let otp_code = fields.required("otp_code", text().trimmed().chars(1..=64));
        let source = fields.optional("source", text().chars(0..=200));
        Some(Self { verification_id: verification_id?, otp_code: otp_code?, source })
    }
}

/// Everything an account begins with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "account_id": "acct_01", "agent_id": "agt_01", "number_id": "num_01", "phone_number": "+14155550123",
    "api_key": "sk_live_…"
}))]
pub(crate) struct NewAccount {
    /// `acct_…`.
    #[schema(value_type = String)]
    account_id: AccountId,
    /// A hosted agent that answers the number.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// `num_…`.
    #[schema(value_type = String)]
    number_id: NumberId,
    /// E.164.
    #[schema(value_type = String)]
    phone_number: E164,
    /// The key, shown this once.
    api_key: String,
}

/// Makes the account: owner, hosted agent, number and key, all or nothing.
#[utoipa::path(
    post, path = "/v0/agent/verify", tag = "sign-up", operation_id = "agentVerify",
    request_body = FinishSignUp,
    responses(
        (status = 200, body = NewAccount, description = "The account"),
        (status = 400, description = "The code is wrong, used or expired"),
        (status = 403, description = "Sign-up is not open on this server"),
        (status = 404, description = "Verification not found"),
        (status = 409, description = "The address has an account"),
    ),
    security(())
)]
pub(crate) async fn verify(
    State(app): State<App>,
    Input(body): Input<FinishSignUp>,
) -> Result<Json<NewAccount>, ApiError> {
    let welcome = signup::finish(&app, &body.verification_id, &body.otp_code, body.source).await?;
    Ok(Json(NewAccount {
        account_id: welcome.account,
        agent_id: welcome.agent,
        number_id: welcome.number.id,
        phone_number: welcome.number.phone_number,
        api_key: welcome.key.reveal().to_owned(),
    }))
}
