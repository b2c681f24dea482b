//! `POST /offhook/v1/sim/contacts`: somebody shares contacts.

use axum::{Json, extract::State};
use offhook_carriers::{
    CarrierEvent,
    texting::{InboundContacts, SharedContact},
};
use offhook_model::{e164::E164, message::Channel};
use utoipa::ToSchema;

use super::{Taken, line, phone, texts};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules},
    messaging::inbound,
};

/// Who shares which contacts with which number.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "from": "+15005550110", "to": "+14155550100",
    "contacts": [{"displayName": "Ada Byron", "phoneNumbers": ["+14155559876"]}]
}))]
pub(crate) struct SimulateContacts {
    /// Who shares them.
    from: String,
    /// The account's number.
    #[schema(value_type = String)]
    to: E164,
    /// What is shared.
    #[schema(min_items = 1, max_items = 20)]
    contacts: Vec<SimulatedContact>,
    /// The network's name of it, to simulate a duplicate; a new one by default.
    external_id: Option<String>,
}

/// A shared contact.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct SimulatedContact {
    /// First name.
    first_name: Option<String>,
    /// Last name.
    last_name: Option<String>,
    /// The name as a whole.
    display_name: Option<String>,
    /// Numbers.
    #[schema(required = false)]
    phone_numbers: Vec<String>,
    /// Mail addresses.
    #[schema(required = false)]
    emails: Vec<String>,
}

impl Read for SimulatedContact {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = || rules::text().chars(0..=200);
        let several = || rules::list(rules::text().chars(1..=254), 0..=20);
        Some(Self {
            first_name: fields.optional("firstName", name()),
            last_name: fields.optional("lastName", name()),
            display_name: fields.optional("displayName", name()),
            phone_numbers: fields.optional("phoneNumbers", several()).unwrap_or_default(),
            emails: fields.optional("emails", several()).unwrap_or_default(),
        })
    }
}

impl Read for SimulateContacts {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let from = fields.required("from", rules::text().trimmed().chars(1..=254));
        let to = fields.required("to", rules::phone());
        let contacts = fields.required("contacts", rules::list(rules::object(), 1..=20));
        let external_id = fields.optional("externalId", rules::text().chars(1..=200));
        Some(Self { from: from?, to: to?, contacts: contacts?, external_id })
    }
}

impl From<SimulatedContact> for SharedContact {
    fn from(contact: SimulatedContact) -> Self {
        Self {
            first_name: contact.first_name,
            last_name: contact.last_name,
            display_name: contact.display_name,
            phone_numbers: contact.phone_numbers,
            emails: contact.emails,
        }
    }
}

/// Has somebody share contacts, by iMessage.
#[utoipa::path(
    post, path = "/offhook/v1/sim/contacts", tag = "simulation", operation_id = "simulateContacts",
    request_body = SimulateContacts,
    responses(
        (status = 200, body = Taken, description = "What came of it"),
        (status = 404, description = "The simulated carrier is off, or the number is not the account's"),
    )
)]
pub(crate) async fn share(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SimulateContacts>,
) -> Result<Json<Taken>, ApiError> {
    let texts = texts(&app)?;
    line(&app, &caller.account, &body.to).await?;
    let event = CarrierEvent::Contacts(InboundContacts {
        carrier_id: body.external_id.unwrap_or_else(|| texts.new_name("contacts")),
        from: phone(&body.from),
        to: body.to,
        channel: Channel::Imessage,
        contacts: body.contacts.into_iter().map(SharedContact::from).collect(),
    });
    Ok(Json(inbound::receive(&app, event).await?.into()))
}
