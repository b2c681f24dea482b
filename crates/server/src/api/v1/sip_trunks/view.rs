//! A trunk as its owner sees it.

use std::net::IpAddr;

use offhook_model::{
    Timestamp,
    id::TrunkId,
    sip_trunk::{AllowedIp, OriginationUri, SipTrunk, TransferCallerId, TrunkTransfers},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, sip_trunks::TrunkPassword};

/// A trunk.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SipTrunk, example = json!({
    "id": "trunk_01", "name": "trunk-01", "provider": "offhook", "encrypted": true, "transport": "tls",
    "mediaEncryption": "srtp", "transfers": "all", "transferCallerId": "transferee",
    "terminationSipUri": "sip:203.0.113.1:5060",
    "originationUris": [{"sip_uri": "sip:pbx.example.com:5061;transport=tls", "name": "primary", "priority": 1, "weight": 1}],
    "allowedIps": [{"cidr": "203.0.113.4/32", "name": "office"}], "proxyIps": ["203.0.113.1"],
    "credentials": [{"username": "tr_user", "password": null, "passwordLast4": "once", "credentialListName": "default"}],
    "createdAt": "2025-01-15T10:30:00Z"
}))]
pub(crate) struct TrunkView {
    /// `trunk_…`.
    #[schema(value_type = String)]
    id: TrunkId,
    /// The owner's name for it.
    name: String,
    /// Always `offhook`.
    provider: &'static str,
    /// Whether calls of the trunk have to be encrypted.
    encrypted: bool,
    /// `tls`.
    transport: &'static str,
    /// `srtp`.
    media_encryption: &'static str,
    /// Which transfers it may ask for.
    transfers: TrunkTransfers,
    /// Whose number a transferred call shows.
    transfer_caller_id: TransferCallerId,
    /// Where the owner's equipment sends calls.
    termination_sip_uri: String,
    /// Where calls go.
    origination_uris: Vec<OriginationUri>,
    /// From where calls may come.
    allowed_ips: Vec<AllowedIp>,
    /// From where calls reach the owner's equipment.
    #[schema(value_type = Vec<String>)]
    proxy_ips: Vec<IpAddr>,
    /// What the equipment proves itself with.
    credentials: [CredentialView; 1],
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Credentials of a trunk.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SipTrunkCredential)]
pub(crate) struct CredentialView {
    /// User name.
    username: String,
    /// The password, shown only when it was just drawn.
    #[schema(required)]
    password: Option<String>,
    /// Its last four characters.
    password_last4: String,
    /// Always `default`.
    credential_list_name: &'static str,
}

impl TrunkView {
    /// The trunk, with its password when it was just drawn.
    pub(super) fn new(app: &App, trunk: SipTrunk, password: Option<TrunkPassword>) -> Self {
        let sip = app.settings().sip;
        Self {
            id: trunk.id,
            name: trunk.name,
            provider: "offhook",
            encrypted: true,
            transport: "tls",
            media_encryption: "srtp",
            transfers: trunk.transfers,
            transfer_caller_id: trunk.transfer_caller_id,
            termination_sip_uri: format!("sip:{sip}"),
            origination_uris: trunk.origination,
            allowed_ips: trunk.allowed_ips,
            proxy_ips: vec![sip.ip()],
            credentials: [CredentialView {
                username: trunk.credentials.username,
                password: password.map(TrunkPassword::reveal),
                password_last4: trunk.credentials.password_last4,
                credential_list_name: "default",
            }],
            created_at: trunk.created_at,
        }
    }
}
