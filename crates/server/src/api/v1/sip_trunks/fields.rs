//! Reading the parts of a trunk.

use std::net::IpAddr;

use offhook_model::sip_trunk::{AllowedIp, OriginationUri};
use utoipa::ToSchema;

use crate::{
    app::App,
    error::{ApiError, Fault},
    input::{
        Fields, Read, Rule,
        rules::{List, Object, Text, integer, list, object, text},
    },
    sip_trunks::uri::{self, SipHost},
};

/// Most addresses or networks of one trunk.
const MOST: usize = 50;

pub(super) fn name() -> Text {
    text().trimmed().chars(1..=100)
}

/// Where calls go.
#[derive(Debug, Clone, ToSchema)]
pub(super) struct Origination {
    /// Addresses; the list replaces what was there.
    #[schema(max_items = 50, value_type = Vec<OriginationUri>)]
    pub(super) uris: Vec<OneUri>,
}

impl Read for Origination {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { uris: fields.required("uris", list(object(), 0..=MOST))? })
    }
}

/// One address as it was written.
#[derive(Debug, Clone)]
pub(super) struct OneUri(pub(super) OriginationUri);

fn is_sip_uri(text: &str) -> bool {
    uri::host(text).is_some()
}

impl Read for OneUri {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let small = || integer(0..=65_535);
        let sip_uri =
            fields.required("sip_uri", text().trimmed().matching("sip:host[:port][;params]", is_sip_uri));
        let label = fields.optional("name", name());
        let priority = fields.optional("priority", small()).and_then(|n| n.try_into().ok());
        let weight = fields.optional("weight", small()).and_then(|n| n.try_into().ok());
        Some(Self(OriginationUri {
            sip_uri: sip_uri?,
            name: label,
            priority: priority.unwrap_or(1),
            weight: weight.unwrap_or(1),
        }))
    }
}

/// One network as it was written.
#[derive(Debug, Clone)]
pub(super) struct OneNetwork(pub(super) AllowedIp);

fn is_network(text: &str) -> bool {
    uri::network(text).is_some()
}

impl Read for OneNetwork {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let cidr = fields.required("cidr", text().trimmed().matching("address/bits", is_network));
        let label = fields.optional("name", name());
        let cidr = uri::network(&cidr?)?.to_string();
        Some(Self(AllowedIp { cidr, name: label }))
    }
}

/// The rule of `allowed_ips`.
pub(super) fn networks() -> List<Object<OneNetwork>> {
    list(object(), 0..=MOST)
}

/// The rule of `origination`.
pub(super) fn origination() -> impl Rule<Value = Origination> {
    object()
}

/// Refuses addresses inside the operator's network, as far as they are written
/// out; a name is looked at when it is called.
pub(super) fn reachable(app: &App, uris: &[OriginationUri]) -> Result<(), ApiError> {
    let closed = |ip: IpAddr| !app.fetch().policy().admits(ip);
    let faults: Vec<Fault> = uris
        .iter()
        .enumerate()
        .filter(|(_, uri)| matches!(uri::host(&uri.sip_uri), Some(SipHost::Ip(ip)) if closed(ip)))
        .map(|(at, _)| {
            let loc = vec!["body".into(), "origination".into(), "uris".into(), at.into(), "sip_uri".into()];
            Fault::new(loc, "value_error", "Value error, the address is not public")
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(ApiError::validation(faults)) }
}
