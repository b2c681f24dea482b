//! `POST /offhook/v1/sim/messages`: somebody writes to one of our numbers.

use axum::{Json, extract::State};
use offhook_carriers::{
    CarrierEvent,
    texting::{InboundGroup, InboundText},
};
use offhook_model::{e164::E164, id::MessageId, message::Channel, number::Number};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Taken, line, message, phone, texts};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules},
    messaging::inbound,
};

/// Who writes what to which number.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"from": "+15005550101", "to": "+14155550100", "body": "Hello"}))]
pub(crate) struct SimulateMessage {
    /// Who writes: a number, a short code, or an e-mail address (iMessage).
    from: String,
    /// The account's number.
    #[schema(value_type = String)]
    to: E164,
    /// The words.
    body: Option<String>,
    /// Pictures and files; fetched like those of a carrier.
    #[schema(max_items = 20)]
    media_urls: Option<Vec<String>>,
    /// `sms` (default), `mms`, `imessage`, `whatsapp`, `rcs`.
    channel: Option<Channel>,
    /// The group it is written to.
    group: Option<SimulatedGroup>,
    /// The message of the account's that it answers.
    reply_to_message_id: Option<String>,
    /// The network's name of it, to simulate a duplicate; a new one by default.
    external_id: Option<String>,
}

/// A group as the network knows it.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct SimulatedGroup {
    /// A group the account knows: its `grp_…`, or `group` of a handset's inbox.
    /// Any other name is a group of its own, the same name the same group.
    id: String,
    /// Its name; unchanged by default.
    name: Option<String>,
    /// Its members; unchanged by default, and needed for a new group.
    #[schema(min_items = 1, max_items = 32)]
    members: Option<Vec<String>>,
}

impl Read for SimulatedGroup {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.required("id", rules::text().trimmed().chars(1..=200));
        let name = fields.optional("name", rules::text().chars(0..=200));
        let members = fields.optional("members", rules::list(rules::text().trimmed().chars(1..=254), 1..=32));
        Some(Self { id: id?, name, members })
    }
}

impl Read for SimulateMessage {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let from = fields.required("from", rules::text().trimmed().chars(1..=254));
        let to = fields.required("to", rules::phone());
        let url = rules::text().trimmed().chars(1..=2048);
        let message = Self {
            body: fields.optional("body", rules::text().chars(0..=20_000)),
            media_urls: fields.optional("mediaUrls", rules::list(url, 0..=20)),
            channel: fields.optional("channel", rules::word(Channel::from_word, Channel::WORDS)),
            group: fields.optional("group", rules::object()),
            reply_to_message_id: fields.optional("replyToMessageId", rules::text()),
            external_id: fields.optional("externalId", rules::text().chars(1..=200)),
            from: from?,
            to: to?,
        };
        Some(message)
    }
}

/// Has somebody write to a number of the account.
#[utoipa::path(
    post, path = "/offhook/v1/sim/messages", tag = "simulation", operation_id = "simulateMessage",
    request_body = SimulateMessage,
    responses(
        (status = 200, body = Taken, description = "What came of it"),
        (status = 404, description = "The simulated carrier is off, or number or message are not the account's"),
        (status = 409, description = "The network does not have the answered message"),
    )
)]
pub(crate) async fn receive(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SimulateMessage>,
) -> Result<Json<Taken>, ApiError> {
    let texts = texts(&app)?;
    let number = line(&app, &caller.account, &body.to).await?;
    let reply_to = match body.reply_to_message_id.map(MessageId::from) {
        Some(id) => Some(message(&app, &caller.account, &id).await?.1),
        None => None,
    };
    let group = match body.group {
        Some(group) => Some(of_network(&app, &number, group).await?),
        None => None,
    };
    if let Some(group) = &group {
        let members = group.members.iter().map(|(member, _)| member.clone()).collect();
        texts.know_group(&group.id, members);
    }
    let event = CarrierEvent::Text(InboundText {
        carrier_id: body.external_id.unwrap_or_else(|| texts.new_name("text")),
        from: body.from,
        to: body.to,
        channel: body.channel.unwrap_or_default(),
        body: body.body.unwrap_or_default(),
        media_urls: body.media_urls.unwrap_or_default(),
        group,
        reply_to,
    });
    Ok(Json(inbound::receive(&app, event).await?.into()))
}

/// The group as the network knows it.
async fn of_network(app: &App, number: &Number, group: SimulatedGroup) -> Result<InboundGroup, ApiError> {
    let (account, store) = (&number.account_id, app.store());
    // The network's names of groups are per number, so that no account writes
    // into another's.
    let own_name = format!("{}:{}", number.id, group.id);
    let thread = match store.group(account, &group.id.as_str().into()).await? {
        Some(thread) => Some(thread),
        None => store.carrier_group(account, &number.id, &group.id).await?,
    };
    let thread = match thread.filter(|thread| thread.number_id == number.id) {
        Some(thread) => Some(thread),
        None => store.carrier_group(account, &number.id, &own_name).await?,
    };
    let known = thread.as_ref().and_then(|thread| thread.participants.as_ref()?.as_array());
    let known = known.map(|members| {
        let identifier = |member: &Value| Some(member.get("identifier")?.as_str()?.to_owned());
        members.iter().filter_map(identifier).collect::<Vec<_>>()
    });
    let members = group.members.map(|members| members.iter().map(|member| phone(member)).collect());
    let members = members
        .or(known)
        .ok_or_else(|| ApiError::field("group", "value_error", "Value error, a new group needs members"))?;
    Ok(InboundGroup {
        id: thread.and_then(|thread| thread.carrier_group).unwrap_or(own_name),
        name: group.name,
        icon_url: None,
        members: members.into_iter().map(|member| (member, None)).collect(),
    })
}
