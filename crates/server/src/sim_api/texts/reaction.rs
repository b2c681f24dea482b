//! `POST /offhook/v1/sim/reactions`: somebody reacts to a message.

use axum::{Json, extract::State};
use offhook_carriers::{CarrierEvent, texting::InboundReaction};
use offhook_model::id::MessageId;
use utoipa::ToSchema;

use super::{Taken, message, phone, texts};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules},
    messaging::inbound,
};

/// Who reacts how to which message.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"from": "+15005550110", "messageId": "msg_01", "reaction": "love"}))]
pub(crate) struct SimulateReaction {
    /// Who reacts.
    from: String,
    /// The message of the account's thread.
    message_id: String,
    /// `love`, `like`, `dislike`, `laugh`, `emphasize`, `question`, or an emoji.
    reaction: String,
    /// The network's name of it, to simulate a duplicate; a new one by default.
    external_id: Option<String>,
}

impl Read for SimulateReaction {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let from = fields.required("from", rules::text().trimmed().chars(1..=254));
        let message_id = fields.required("messageId", rules::text());
        let reaction = fields.required("reaction", rules::text().trimmed().chars(1..=50));
        let external_id = fields.optional("externalId", rules::text().chars(1..=200));
        Some(Self { from: from?, message_id: message_id?, reaction: reaction?, external_id })
    }
}

/// Has somebody react to a message.
#[utoipa::path(
    post, path = "/offhook/v1/sim/reactions", tag = "simulation", operation_id = "simulateReaction",
    request_body = SimulateReaction,
    responses(
        (status = 200, body = Taken, description = "What came of it"),
        (status = 404, description = "The simulated carrier is off, or the message is not the account's"),
        (status = 409, description = "The network does not have the message"),
    )
)]
pub(crate) async fn react(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SimulateReaction>,
) -> Result<Json<Taken>, ApiError> {
    let texts = texts(&app)?;
    let (message, carrier_id) = message(&app, &caller.account, &MessageId::from(body.message_id)).await?;
    let number = app.store().number(&caller.account, &message.number_id).await?;
    let number = number.ok_or_else(ApiError::number_not_found)?;
    let event = CarrierEvent::Reaction(InboundReaction {
        carrier_id: body.external_id.unwrap_or_else(|| texts.new_name("reaction")),
        message: carrier_id,
        from: phone(&body.from),
        to: number.phone_number,
        channel: message.channel,
        reaction: body.reaction,
    });
    Ok(Json(inbound::receive(&app, event).await?.into()))
}
