//! Submitting a registration.

use offhook_model::{
    Timestamp,
    id::{AccountId, RegistrationId},
    registration::{CampaignStatus, Registration, RegistrationForm},
};
use offhook_store::Account;

use super::image;
use crate::{app::App, error::ApiError};

/// What was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The registration.
    pub registration: Registration,
    /// The sub-account that was made for it.
    pub sub_account: Option<AccountId>,
}

/// Submits `form` for the account, or for a new sub-account of it. A
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
    let registration = Registration {
        id: RegistrationId::new(now, rand::random()),
        account_id: child.as_ref().map_or(account, |child| &child.id).clone(),
        fee_cents: form.registration_type.fee_cents(),
        form,
        decided: CampaignStatus::Pending,
        reason: None,
        submitted_at: now,
        approves_at: app.settings().registration.approves_after.and_then(|delay| now.checked_add(delay).ok()),
        decided_at: None,
        image_seen,
    };
    if !app.store().submit_registration(&registration, child.as_ref()).await? {
        return Err(on_file());
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
