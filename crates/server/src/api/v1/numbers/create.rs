//! `POST /v1/numbers`.

use axum::{Json, extract::State};
use offhook_model::{Timestamp, id::AgentId, number::NumberType};
use utoipa::ToSchema;

use super::{COUNTRIES, NumberView};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{
        Fields, Input, Read,
        rules::{instant, text, word},
    },
    numbers::{self, Order},
    registration,
};

/// Which number to buy.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[schema(example = json!({"country": "US", "areaCode": "415", "agentId": "agt_abc123"}))]
pub(crate) struct BuyNumber {
    /// `US` (default) or `CA`.
    #[schema(value_type = Option<String>)]
    country: Option<&'static str>,
    /// Three digits; any when omitted.
    #[schema(pattern = r"^\d{3}$")]
    area_code: Option<String>,
    /// The agent to attach it to.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Kind of line; default `sms`.
    #[schema(rename = "type")]
    kind: Option<NumberType>,
    /// Accepted, kept, without effect.
    imessage_type: Option<String>,
    /// The owner's reference, echoed in events.
    external_id: Option<String>,
    /// When it is released by itself; in the future.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl Read for BuyNumber {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            country: fields.optional("country", word(super::country, &COUNTRIES)),
            area_code: fields.optional("areaCode", text().matching(r"^\d{3}$", super::is_area_code)),
            agent_id: fields.optional("agentId", text()).map(AgentId::from),
            kind: fields.optional("type", word(NumberType::from_word, NumberType::WORDS)),
            imessage_type: fields.optional("imessageType", text()),
            external_id: fields.optional("externalId", text()),
            expires_at: fields.optional("expiresAt", instant()),
        })
    }
}

/// Buys a number.
#[utoipa::path(
    post, path = "/v1/numbers", tag = "numbers", operation_id = "createNumber",
    request_body = BuyNumber,
    responses(
        (status = 200, body = NumberView, description = "The number"),
        (status = 402, description = "The balance does not cover a month"),
        (status = 404, description = "Agent not found"),
        (status = 409, description = "No number in this area code, or the account holds as many as it may"),
        (status = 503, description = "No numbers at all"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<BuyNumber>,
) -> Result<Json<NumberView>, ApiError> {
    if let Some(at) = body.expires_at {
        in_future(&app, at)?;
    }
    let order = Order {
        country: body.country.unwrap_or("US").to_owned(),
        area_code: body.area_code,
        agent_id: body.agent_id,
        kind: body.kind.unwrap_or_default(),
        imessage_type: body.imessage_type,
        external_id: body.external_id,
        expires_at: body.expires_at,
    };
    // Before anything is bought: what is paid for must be answered.
    let standing = registration::standing(&app, &caller.account).await?;
    let view = move |number| NumberView::new(number, standing, 0);
    let number = numbers::buy(&app, &caller.account, order, view).await?;
    Ok(Json(view(number)))
}

/// Refuses an end that has passed.
pub(super) fn in_future(app: &App, at: Timestamp) -> Result<(), ApiError> {
    if at > app.now() {
        return Ok(());
    }
    Err(ApiError::field("expiresAt", "value_error", "Value error, expiresAt must be in the future"))
}
