//! `POST /v1/verify/check`.

use axum::{Json, extract::State};
use offhook_model::id::VerificationId;
use offhook_store::CodeTry;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules::text},
    verification,
};

/// A code to try.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"verification_id": "ver_01", "code": "123456"}))]
pub(crate) struct CheckVerification {
    /// As `POST /v1/verify/send` named it.
    #[schema(value_type = String)]
    verification_id: VerificationId,
    /// What the person typed.
    #[schema(min_length = 1, max_length = 64)]
    code: String,
}

impl Read for CheckVerification {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let verification_id = fields.required("verification_id", text()).map(VerificationId::from);
        let code = fields.required("code", text().trimmed().chars(1..=64));
        Some(Self { verification_id: verification_id?, code: code? })
    }
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"result": "ok", "attempts_remaining": 3}))]
pub(crate) struct CheckedVerification {
    /// `ok`, `incorrect`, `exhausted`, `expired` or `already_verified`.
    result: &'static str,
    /// Wrong codes that may still follow.
    #[schema(maximum = 3)]
    attempts_remaining: u32,
}

/// Tries a code. Only wrong ones are counted, and only the first right one is `ok`.
#[utoipa::path(
    post, path = "/v1/verify/check", tag = "verification", operation_id = "checkVerification",
    request_body = CheckVerification,
    responses(
        (status = 200, body = CheckedVerification, description = "What came of it"),
        (status = 404, description = "Verification not found"),
    )
)]
pub(crate) async fn check(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CheckVerification>,
) -> Result<Json<CheckedVerification>, ApiError> {
    let (outcome, attempts_remaining) =
        verification::check(&app, &caller.account, &body.verification_id, &body.code).await?;
    let result = match outcome {
        CodeTry::Right => "ok",
        CodeTry::Wrong => "incorrect",
        CodeTry::Exhausted => "exhausted",
        CodeTry::Expired => "expired",
        CodeTry::AlreadyRight => "already_verified",
    };
    Ok(Json(CheckedVerification { result, attempts_remaining }))
}
