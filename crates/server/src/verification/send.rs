//! Sending a code.

use std::time::Duration;

use offhook_model::{
    e164::E164,
    id::{AccountId, VerificationId},
    usage::UsageKind,
};
use offhook_store::NewVerification;

use super::{LIFETIME, code};
use crate::{app::App, charge, error::ApiError, messaging};

/// How long a code is remembered, so that late checks are told what became of it.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

/// Texts a new code to `to`.
///
/// # Errors
/// 402 when a check could not be paid, and whatever the text is refused with.
pub async fn send(app: &App, account: &AccountId, to: &E164) -> Result<VerificationId, ApiError> {
    charge::covers(app, account, UsageKind::Verification, 1).await?;
    let now = app.now();
    let id = VerificationId::new(now, rand::random());
    let code = code::draw();
    let verification = NewVerification {
        id: id.clone(),
        account_id: account.clone(),
        phone_number: to.clone(),
        code: code::hash(id.as_str(), &code),
        expires_at: now.saturating_add(LIFETIME).unwrap_or(now),
        created_at: now,
    };
    // Before the text leaves: a code that arrives must work.
    app.store().insert_verification(&verification, now.saturating_sub(MEMORY).unwrap_or(now)).await?;
    let minutes = LIFETIME.as_secs() / 60;
    let body = format!("Your verification code is {code}. It works for {minutes} minutes.");
    if let Err(error) = messaging::system::text(app, to, &body).await {
        app.store().delete_verification(account, &id).await?;
        return Err(error);
    }
    tracing::info!(verification.id = %id, "verification code sent");
    Ok(id)
}
