//! Submitting a registration.

use offhook_model::{
    Timestamp,
    id::{AccountId, RegistrationId},
    registration::{CampaignStatus, Registration, RegistrationForm, RegistrationType},
    usage::{LedgerEntry, MICROS_PER_UNIT, UsageKind},
};
use offhook_store::{Account, SubmitRegistration};

use super::image;
use crate::{app::App, charge, error::ApiError};

/// The price book is in millionths, the contract's fee in cents.
const MICROS_PER_CENT: i64 = MICROS_PER_UNIT / 100;

/// What was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The registration.
    pub registration: Registration,
    /// The sub-account that was made for it.
    pub sub_account: Option<AccountId>,
}

/// Submits `form` for the account, or for a new sub-account of it; the fee is
/// on the account's bill either way, which a parent pays. A
/// sub-account has none of its own: there it is as if none was asked for.
///
/// # Errors
/// 402 when the fee cannot be charged, 409 while one is pending or approved,
/// 422 when the picture cannot be used.
pub async fn submit(
    app: &App,
    account: &AccountId,
    form: RegistrationForm,
    create_sub_account: bool,
) -> Result<Submitted, ApiError> {
    let caller = app.store().account(account).await?;
    let is_child = caller.is_some_and(|caller| caller.parent_id.is_some());
    let child = (create_sub_account && !is_child).then(|| new_child(app.now(), account, &form));
    if child.is_none() {
        let found = app.store().registration(account).await?;
        if found.is_some_and(|found| found.status(app.now()) != CampaignStatus::Rejected) {
            return Err(on_file());
        }
    }
    let image_seen = image::look(app, &form.opt_in_image_url).await?;
    let now = app.now();
    let (settings, kind) = (app.settings(), UsageKind::RegistrationFee);
    let amount_micros = match form.registration_type {
        RegistrationType::HighVolume => settings.prices.registration_high_volume,
        RegistrationType::SoleProprietor | RegistrationType::StandardBrand => settings.prices.amount(kind, 1),
    };
    let registration = Registration {
        id: RegistrationId::new(now, rand::random()),
        account_id: child.as_ref().map_or(account, |child| &child.id).clone(),
        fee_cents: u32::try_from(amount_micros / MICROS_PER_CENT).unwrap_or(u32::MAX),
        form,
        decided: CampaignStatus::Pending,
        reason: None,
        submitted_at: now,
        approves_at: app.settings().registration.approves_after.and_then(|delay| now.checked_add(delay).ok()),
        decided_at: None,
        image_seen,
    };
    let subject = registration.id.to_string();
    let fee =
        LedgerEntry { amount_micros, ..charge::entry(app, account, kind, 1, subject, settings.prepaid()) };
    match app.store().submit_registration(&registration, child.as_ref(), &fee).await? {
        SubmitRegistration::Submitted => {}
        SubmitRegistration::OnFile => return Err(on_file()),
        SubmitRegistration::InsufficientBalance => return Err(ApiError::insufficient_balance()),
    }
    tracing::info!(registration.id = %registration.id, image_seen, "registration submitted");
    Ok(Submitted { registration, sub_account: child.map(|child| child.id) })
}

fn new_child(now: Timestamp, parent: &AccountId, form: &RegistrationForm) -> Account {
    Account {
        id: AccountId::new_sub(now, rand::random()),
        parent_id: Some(parent.clone()),
        // As long as `POST /v1/sub-accounts` lets a name be.
        name: form.sender().chars().take(100).collect(),
        created_at: now,
    }
}

fn on_file() -> ApiError {
    ApiError::conflict("A registration is pending or approved")
}
