//! `GET /v1/contacts/capabilities`.

use axum::{Json, extract::State};
use offhook_model::{Timestamp, address::Address, e164::E164, number::NumberType};
use offhook_store::Page;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Query, Read, rules::any_phone},
    messaging::send::texting,
};

/// Numbers looked at for an iMessage line.
const LINES: Page = Page { limit: 1_000, offset: 0 };

/// Whom to ask about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CheckCapabilities {
    /// In any usual spelling; ten digits are North American.
    #[param(value_type = String, example = "+14155559876")]
    phone_number: E164,
}

impl Read for CheckCapabilities {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let phone_number = fields.required("phone_number", any_phone());
        Some(Self { phone_number: phone_number? })
    }
}

/// What reaches somebody.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContactCapabilities, example = json!({
    "phoneNumber": "+14155559876", "capabilities": {"imessage": false, "sms": true},
    "checkedAt": "2025-01-15T10:30:00Z"
}))]
pub(crate) struct CapabilitiesView {
    /// E.164.
    #[schema(value_type = String)]
    phone_number: E164,
    /// By channel.
    capabilities: ChannelsView,
    /// When the networks were asked.
    #[schema(value_type = String, format = DateTime)]
    checked_at: Timestamp,
}

/// Whether a channel reaches somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContactChannels)]
pub(crate) struct ChannelsView {
    /// iMessage.
    imessage: bool,
    /// SMS.
    sms: bool,
}

/// Asks the networks what reaches a number; nothing is sent.
#[utoipa::path(
    get, path = "/v1/contacts/capabilities", tag = "contacts", operation_id = "getContactCapabilities",
    params(CheckCapabilities),
    responses(
        (status = 200, body = CapabilitiesView, description = "What reaches it"),
        (status = 400, description = "The account has no active iMessage number"),
        (status = 502, description = "The carrier failed"),
    )
)]
pub(crate) async fn capabilities(
    State(app): State<App>,
    caller: Caller,
    Query(CheckCapabilities { phone_number }): Query<CheckCapabilities>,
) -> Result<Json<CapabilitiesView>, ApiError> {
    let held = app.store().numbers(&caller.account, LINES).await?.data;
    if !held.iter().any(|number| number.kind == NumberType::Imessage) {
        return Err(ApiError::bad_request("Capability checks need an active iMessage number"));
    }
    let person = Address::Phone(phone_number.clone());
    let found = texting(&app)?.check_capabilities(&caller.account, &person).await?;
    Ok(Json(CapabilitiesView {
        phone_number,
        capabilities: ChannelsView { imessage: found.imessage, sms: found.sms },
        checked_at: app.now(),
    }))
}
