//! One-time codes by text (contract §15).

pub mod code;
pub mod send;

use std::time::Duration;

use offhook_model::{
    id::{AccountId, VerificationId},
    usage::UsageKind,
};
use offhook_store::CodeTry;

use crate::{app::App, charge, error::ApiError};

/// How long a code works.
pub const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Tries a code; what came of it, and how many tries are left.
///
/// # Errors
/// 404 for an unknown verification.
pub async fn check(
    app: &App,
    account: &AccountId,
    id: &VerificationId,
    tried: &str,
) -> Result<(CodeTry, u32), ApiError> {
    let (name, tried) = (id.clone(), tried.to_owned());
    let fits = move |stored: &_| code::fits(name.as_str(), &tried, stored);
    let price =
        charge::entry(app, account, UsageKind::Verification, 1, id.to_string(), app.settings().owed());
    let outcome = app.store().try_verification(account, id, &price, fits).await?;
    outcome.ok_or_else(|| ApiError::not_found("Verification not found"))
}
