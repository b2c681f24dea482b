//! `POST /offhook/v1/sim/receipts`: the network tells how a message fared.

use axum::{Json, extract::State};
use offhook_carriers::{CarrierEvent, texting::Receipt};
use offhook_model::{
    id::MessageId,
    message::{Channel, MessageStatus},
};
use utoipa::ToSchema;

use super::{Taken, texts};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules},
    messaging::inbound,
};

/// The reports a network makes.
const STATUSES: [&str; 4] = ["sent", "delivered", "read", "failed"];

/// How a message fared.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"messageId": "msg_01", "status": "failed", "errorCode": "30003"}))]
pub(crate) struct SimulateReceipt {
    /// The account's message.
    message_id: String,
    /// `sent`, `delivered`, `read`, `failed`.
    #[schema(value_type = String)]
    status: MessageStatus,
    /// The provider's code of a failure.
    error_code: Option<String>,
    /// A failure in words.
    reason: Option<String>,
    /// How it arrived; default as it was sent.
    channel: Option<Channel>,
}

impl Read for SimulateReceipt {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let message_id = fields.required("messageId", rules::text());
        let status = fields.required("status", rules::word(report, &STATUSES));
        let receipt = Self {
            error_code: fields.optional("errorCode", rules::text().chars(1..=100)),
            reason: fields.optional("reason", rules::text().chars(0..=500)),
            channel: fields.optional("channel", rules::word(Channel::from_word, Channel::WORDS)),
            message_id: message_id?,
            status: status?,
        };
        Some(receipt)
    }
}

fn report(word: &str) -> Option<MessageStatus> {
    STATUSES.contains(&word).then(|| MessageStatus::from_word(word)).flatten()
}

/// Reports on a message the account sent.
#[utoipa::path(
    post, path = "/offhook/v1/sim/receipts", tag = "simulation", operation_id = "simulateReceipt",
    request_body = SimulateReceipt,
    responses(
        (status = 200, body = Taken, description = "What came of it"),
        (status = 404, description = "The simulated carrier is off, or the message is not the account's"),
    )
)]
pub(crate) async fn receipt(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SimulateReceipt>,
) -> Result<Json<Taken>, ApiError> {
    texts(&app)?;
    let id = MessageId::from(body.message_id);
    app.store()
        .message(&caller.account, &id)
        .await?
        .ok_or_else(|| ApiError::not_found("Message not found"))?;
    let event = CarrierEvent::Receipt(Receipt {
        carrier_id: None,
        reference: Some(id),
        status: body.status,
        channel: body.channel,
        code: body.error_code,
        reason: body.reason,
        at: None,
    });
    Ok(Json(inbound::receive(&app, event).await?.into()))
}
