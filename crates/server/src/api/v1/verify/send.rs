//! `POST /v1/verify/send`.

use axum::{Json, extract::State};
use offhook_model::id::VerificationId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::v1::calls::destination::{Destination, DestinationRule},
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read},
    verification,
};

/// Whom to send a code.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"phone_number": "+14155550123"}))]
pub(crate) struct SendVerification {
    /// E.164.
    #[schema(value_type = String)]
    phone_number: Destination,
}

impl Read for SendVerification {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { phone_number: fields.required("phone_number", DestinationRule)? })
    }
}

/// A code that is on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"verification_id": "ver_01", "status": "pending"}))]
pub(crate) struct SentVerification {
    /// `ver_…`.
    #[schema(value_type = String)]
    verification_id: VerificationId,
    /// Always `pending`.
    status: &'static str,
}

/// Texts a code of six digits, which works for ten minutes and three tries.
#[utoipa::path(
    post, path = "/v1/verify/send", tag = "verification", operation_id = "sendVerification",
    request_body = SendVerification,
    responses(
        (status = 200, body = SentVerification, description = "The code is on its way"),
        (status = 402, description = "The balance would not pay for it"),
        (status = 403, description = "Emergency and crisis numbers are never texted"),
    )
)]
pub(crate) async fn send(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SendVerification>,
) -> Result<Json<SentVerification>, ApiError> {
    let Destination::Number(to) = body.phone_number else {
        return Err(ApiError::forbidden("Texts to emergency and crisis numbers are not allowed"));
    };
    let verification_id = verification::send::send(&app, &caller.account, &to).await?;
    Ok(Json(SentVerification { verification_id, status: "pending" }))
}
