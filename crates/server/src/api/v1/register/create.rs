//! `POST /v1/register`.

use axum::{Json, extract::State};
use offhook_model::{id::AccountId, registration::CampaignStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::form::SubmitRegistration;
use crate::{app::App, auth::Caller, error::ApiError, input::Input, registration::submit};

/// What was submitted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "ok": true, "message": "Registration submitted", "campaign_status": "pending",
    "sub_account_id": null, "fee_cents": 2500
}))]
pub(crate) struct SubmittedRegistration {
    /// Always true.
    ok: bool,
    /// For people.
    message: &'static str,
    /// Always `pending`.
    campaign_status: CampaignStatus,
    /// The sub-account that was made for it.
    #[schema(value_type = Option<String>, required)]
    sub_account_id: Option<AccountId>,
    /// What it costs once, in US cents.
    fee_cents: u32,
}

/// Submits a registration. A rejected one is replaced.
#[utoipa::path(
    post, path = "/v1/register", tag = "registration", operation_id = "registerA2P",
    request_body(content = SubmitRegistration, example = json!({
        "registration_type": "standard_brand", "first_name": "Ada", "last_name": "Lovelace",
        "email": "ada@example.com", "phone_number": "+14155550100", "street_address": "1 Main St",
        "city": "San Francisco", "state": "CA", "zip_code": "94105", "business_name": "Example Inc.",
        "ein": "12-3456789", "website_url": "https://example.com",
        "description": "Appointment reminders for patients who booked online.",
        "use_cases": ["customer_care"],
        "message_samples": ["Your appointment is tomorrow at 9.", "Reply C to confirm, STOP to opt out."],
        "consent_flow": "Patients tick a box on the booking page at https://example.com/book.",
        "opt_in_image_url": "https://example.com/opt-in.png", "create_sub_account": false
    })),
    responses(
        (status = 200, body = SubmittedRegistration, description = "It waits for approval"),
        (status = 402, description = "The fee cannot be charged"),
        (status = 409, description = "One is pending or approved"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SubmitRegistration>,
) -> Result<Json<SubmittedRegistration>, ApiError> {
    let submitted = submit::submit(&app, &caller.account, body.form, body.create_sub_account).await?;
    Ok(Json(SubmittedRegistration {
        ok: true,
        message: "Registration submitted",
        campaign_status: CampaignStatus::Pending,
        sub_account_id: submitted.sub_account,
        fee_cents: submitted.registration.fee_cents,
    }))
}
