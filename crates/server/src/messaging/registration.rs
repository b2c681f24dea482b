//! The 10DLC gate (contract `messaging-behaviour.md` §9): texts of the phone
//! network leave US numbers only with an approved registration.

use offhook_model::number::{Number, OutboundSms};

use crate::{app::App, error::ApiError, registration};

/// Refuses texts of a number that may not send any yet.
///
/// # Errors
/// 403 with the way to a registration.
pub(super) async fn require(app: &App, number: &Number) -> Result<(), ApiError> {
    let link = format!("{}/v1/register", app.settings().public_url);
    match registration::outbound_sms(app, &number.account_id, number).await? {
        OutboundSms::Enabled => Ok(()),
        OutboundSms::Activating => Err(ApiError::forbidden(format!(
            "The 10DLC registration of this number is approved but has not reached every carrier yet; see {link}/status"
        ))),
        OutboundSms::RegistrationRequired => Err(ApiError::forbidden(format!(
            "This number needs an approved 10DLC registration to send texts: register at {link}"
        ))),
    }
}
