//! Driving the simulated network for texts: what phones received, how they
//! behave, and what they send.

pub(super) mod behaviour;
pub(super) mod contacts;
pub(super) mod inbox;
pub(super) mod location;
pub(super) mod reaction;
pub(super) mod receipt;
pub(super) mod receive;

use std::sync::Arc;

use offhook_model::{
    address::Address,
    e164::E164,
    id::{AccountId, MessageId},
    message::Message,
    number::Number,
};
use offhook_sim::SimTexts;
use serde::Serialize;
use utoipa::ToSchema;

use super::off;
use crate::{app::App, error::ApiError, messaging::inbound::Outcome};

/// The simulated network for texts.
fn texts(app: &App) -> Result<Arc<SimTexts>, ApiError> {
    app.messaging().sim().cloned().ok_or_else(off)
}

/// The caller's number that is written to.
async fn line(app: &App, account: &AccountId, to: &E164) -> Result<Number, ApiError> {
    let route = app.store().route(to).await?;
    let number = route.map(|route| route.number).filter(|number| number.account_id == *account);
    number.ok_or_else(ApiError::number_not_found)
}

/// The caller's message, which the network must know by a name.
async fn message(app: &App, account: &AccountId, id: &MessageId) -> Result<(Message, String), ApiError> {
    let message = app.store().message(account, id).await?;
    let message = message.ok_or_else(|| ApiError::not_found("Message not found"))?;
    let carrier_id = message.carrier_id.clone();
    let carrier_id =
        carrier_id.ok_or_else(|| ApiError::conflict("The network does not have the message yet"))?;
    Ok((message, carrier_id))
}

/// A phone as everything else writes it.
fn phone(text: &str) -> String {
    Address::parse(text).map_or_else(|_| text.trim().to_owned(), |address| address.to_string())
}

/// What came of something simulated.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"outcome": "stored", "messageIds": ["msg_01"]}))]
pub(crate) struct Taken {
    /// `stored`, `known` (a duplicate, or overtaken), `unknown` (nothing of
    /// the account's is concerned).
    outcome: &'static str,
    /// The messages it became.
    #[schema(value_type = Vec<String>)]
    message_ids: Vec<MessageId>,
}

impl From<Outcome> for Taken {
    fn from(outcome: Outcome) -> Self {
        let (outcome, message_ids) = match outcome {
            Outcome::Stored(ids) => ("stored", ids),
            Outcome::Known => ("known", Vec::new()),
            Outcome::Unknown => ("unknown", Vec::new()),
        };
        Self { outcome, message_ids }
    }
}
