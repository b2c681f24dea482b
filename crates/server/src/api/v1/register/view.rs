//! A registration as its owner sees it.

use offhook_model::registration::{CampaignStatus, Registration, RegistrationForm};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, registration::has_spread};

/// How far a registration is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "campaign_status": "pending", "stage": "in_review", "message": "Waiting for approval"
}))]
pub(super) struct RegistrationStatus {
    /// How far it is.
    campaign_status: CampaignStatus,
    /// `in_review`, `propagating`, `active`, `rejected`; null without a registration.
    #[schema(required)]
    stage: Option<&'static str>,
    /// The same for people; with the reason when it was rejected.
    message: String,
}

impl RegistrationStatus {
    /// Of this registration, or of none.
    pub(super) fn of(app: &App, registration: Option<&Registration>) -> Self {
        let now = app.now();
        let status = registration.map_or(CampaignStatus::None, |registration| registration.status(now));
        let since = registration.and_then(|registration| registration.approved_since(now));
        let reason = registration.and_then(|registration| registration.reason.as_deref());
        let (stage, message) = match status {
            CampaignStatus::None => (None, "No registration on file".to_owned()),
            CampaignStatus::Pending => (Some("in_review"), "Waiting for approval".to_owned()),
            CampaignStatus::Rejected => {
                let why = reason.map_or_else(|| "no reason was given".to_owned(), str::to_owned);
                (Some("rejected"), format!("Rejected: {why}"))
            }
            CampaignStatus::Approved => {
                let spread = app.settings().registration.propagation;
                if since.is_some_and(|since| has_spread(since, spread, now)) {
                    (Some("active"), "Approved".to_owned())
                } else {
                    (Some("propagating"), "Approved; it is spreading among the carriers".to_owned())
                }
            }
        };
        Self { campaign_status: status, stage, message }
    }
}

/// A registration: what was submitted, and how far it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "registration_type": "sole_proprietor", "first_name": "Ada", "last_name": "Lovelace",
    "email": "ada@example.com", "phone_number": "+14155550100", "street_address": "1 Main St",
    "city": "San Francisco", "state": "CA", "zip_code": "94105", "country": "US",
    "business_regions": ["usa_and_canada"], "planned_numbers": 1,
    "description": "Appointment reminders for patients who booked online.", "use_cases": ["customer_care"],
    "message_samples": ["Your appointment is tomorrow at 9.", "Reply C to confirm, STOP to opt out."],
    "consent_flow": "Patients tick a box on the booking page at https://example.com/book.",
    "opt_in_image_url": "https://example.com/opt-in.png",
    "campaign_status": "pending", "stage": "in_review", "message": "Waiting for approval"
}))]
pub(super) struct RegistrationView {
    /// What was submitted.
    #[serde(flatten)]
    form: RegistrationForm,
    /// How far it is.
    #[serde(flatten)]
    status: RegistrationStatus,
}

impl RegistrationView {
    pub(super) fn new(app: &App, registration: Registration) -> Self {
        let status = RegistrationStatus::of(app, Some(&registration));
        Self { form: registration.form, status }
    }
}
