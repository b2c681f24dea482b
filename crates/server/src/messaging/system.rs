//! Texts of the platform itself, such as one-time codes: of no account, in no
//! conversation, in no list.

use offhook_carriers::texting::{OutboundText, Recipient, Submission};
use offhook_model::{address::Address, e164::E164, id::MessageId, message::Channel};
use offhook_store::UNCONFIRMED;

use super::{blocked, send, submit};
use crate::{
    app::App,
    error::{ApiError, ErrorCode},
};

/// Sends a text of the platform, once.
///
/// # Errors
/// 403 for emergency and premium numbers, 400 where the carrier carries no
/// messages or the operator named no number to send from, 502 when the carrier
/// refuses, 503 when it cannot be reached, 409 when nobody knows.
pub async fn text(app: &App, to: &E164, body: &str) -> Result<(), ApiError> {
    if blocked::is_blocked(to.as_str()) {
        return Err(send::refuse_destination());
    }
    let texting = send::texting(app)?;
    let from = app.settings().messages.system_number.clone();
    let from =
        from.ok_or_else(|| ApiError::bad_request("No number to send from (messages.system_number)"))?;
    let text = OutboundText {
        reference: MessageId::new(app.now(), rand::random()),
        account_id: None,
        from,
        to: Recipient::Person(Address::Phone(to.clone())),
        channel: Channel::Sms,
        body: body.to_owned(),
        media: Vec::new(),
        send_style: None,
        reply_to: None,
        content: None,
    };
    app.store().about_to_act().await?;
    let sent = tokio::time::timeout(submit::PATIENCE, texting.send(&text)).await;
    let (outcome, result) = match sent.unwrap_or(Submission::Unconfirmed) {
        Submission::Accepted { .. } => ("accepted", Ok(())),
        Submission::Refused { reason, .. } => {
            let detail = format!("The carrier refused the message: {reason}");
            ("refused", Err(ApiError::new(ErrorCode::CarrierError, detail)))
        }
        Submission::Unconfirmed => {
            ("unconfirmed", Err(ApiError::new(ErrorCode::DeliveryUnconfirmed, UNCONFIRMED)))
        }
        Submission::Unavailable => {
            ("unavailable", Err(ApiError::unavailable("The carrier cannot be reached")))
        }
    };
    metrics::counter!("offhook_messages_sent_total", "channel" => "sms", "outcome" => outcome).increment(1);
    result
}
