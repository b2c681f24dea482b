//! 10DLC: which numbers may send texts (contract `messaging-behaviour.md` §9).
//!
//! Where the operator wants it, a US number sends texts only once its account
//! has an approved registration and the approval has spread. Texts that come
//! in, calls, Canadian numbers and iMessage lines need none.

pub mod edit;
mod image;
pub mod submit;

use std::time::Duration;

use offhook_model::{
    Timestamp,
    id::AccountId,
    number::{Number, NumberType, OutboundSms},
    registration::Registration,
};

use crate::{app::App, error::ApiError};

/// What an account's registration lets its US numbers do, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing(OutboundSms);

impl Standing {
    /// Whether texts of this number may leave; the number is the account's.
    #[must_use]
    pub fn outbound_sms(self, number: &Number) -> OutboundSms {
        if number.country == "US" && number.kind == NumberType::Sms { self.0 } else { OutboundSms::Enabled }
    }
}

/// How an account stands now; one read, and none while the gate is open.
///
/// # Errors
/// 503 when the store fails.
pub async fn standing(app: &App, account: &AccountId) -> Result<Standing, ApiError> {
    let settings = app.settings().registration;
    if !settings.required {
        return Ok(Standing(OutboundSms::Enabled));
    }
    let registration = app.store().registration(account).await?;
    Ok(Standing(judge(registration.as_ref(), settings.propagation, app.now())))
}

/// Whether texts of this number may leave.
///
/// # Errors
/// 503 when the store fails.
pub async fn outbound_sms(app: &App, account: &AccountId, number: &Number) -> Result<OutboundSms, ApiError> {
    Ok(standing(app, account).await?.outbound_sms(number))
}

/// 404 of an account without a registration.
pub(crate) fn missing() -> ApiError {
    ApiError::not_found("No registration on file")
}

fn judge(registration: Option<&Registration>, propagation: Duration, now: Timestamp) -> OutboundSms {
    let Some(since) = registration.and_then(|registration| registration.approved_since(now)) else {
        return OutboundSms::RegistrationRequired;
    };
    if has_spread(since, propagation, now) { OutboundSms::Enabled } else { OutboundSms::Activating }
}

/// Whether what was approved at `since` has reached every carrier.
pub(crate) fn has_spread(since: Timestamp, propagation: Duration, now: Timestamp) -> bool {
    let waited = now.as_millisecond().saturating_sub(since.as_millisecond());
    u128::try_from(waited).is_ok_and(|waited| waited >= propagation.as_millis())
}
