//! 10DLC registrations, handled on the database itself: for the command line.

use offhook_model::{
    Timestamp,
    id::RegistrationId,
    registration::{CampaignStatus, Registration},
};
use offhook_store::StoreError;

use super::open;

/// A registration as the command line lists it.
#[derive(Debug, Clone)]
pub struct RegistrationRow {
    /// Its id.
    pub id: String,
    /// The account whose numbers it covers.
    pub account_id: String,
    /// `pending`, `approved` or `rejected`.
    pub status: &'static str,
    /// `sole_proprietor`, `standard_brand` or `high_volume`.
    pub kind: &'static str,
    /// Who sends.
    pub sender: String,
    /// What is sent and why.
    pub description: String,
    /// Where the picture of the consent is.
    pub image_url: String,
    /// Whether the picture could be looked at when it was submitted.
    pub image_seen: bool,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// Why it was rejected.
    pub reason: Option<String>,
}

impl RegistrationRow {
    fn new(registration: Registration, now: Timestamp) -> Self {
        Self {
            status: registration.status(now).as_str(),
            id: registration.id.to_string(),
            account_id: registration.account_id.to_string(),
            kind: registration.form.registration_type.as_str(),
            sender: registration.form.sender(),
            description: registration.form.description,
            image_url: registration.form.opt_in_image_url,
            image_seen: registration.image_seen,
            submitted_at: registration.submitted_at,
            reason: registration.reason,
        }
    }
}

/// Every account's registrations, oldest submission first.
///
/// # Errors
/// What the database answers.
pub async fn list(store_url: &str) -> Result<Vec<RegistrationRow>, StoreError> {
    let (store, _) = open(store_url).await?;
    let found = store.all_registrations().await?;
    store.close().await;
    let now = Timestamp::now();
    Ok(found.into_iter().map(|registration| RegistrationRow::new(registration, now)).collect())
}

/// Approves a registration; false when none has this id.
///
/// # Errors
/// What the database answers.
pub async fn approve(store_url: &str, id: &str) -> Result<bool, StoreError> {
    decide(store_url, id, CampaignStatus::Approved, None).await
}

/// Rejects a registration, also one that was approved, with a reason for its
/// owner; false when none has this id.
///
/// # Errors
/// What the database answers.
pub async fn reject(store_url: &str, id: &str, reason: &str) -> Result<bool, StoreError> {
    decide(store_url, id, CampaignStatus::Rejected, Some(reason.to_owned())).await
}

async fn decide(
    store_url: &str,
    id: &str,
    status: CampaignStatus,
    reason: Option<String>,
) -> Result<bool, StoreError> {
    let (store, _) = open(store_url).await?;
    let done = store.decide_registration(&RegistrationId::from(id), status, reason, Timestamp::now()).await?;
    store.close().await;
    Ok(done)
}
