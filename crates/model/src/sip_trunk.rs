//! SIP trunks of tenants: their own equipment, behind their numbers (contract §14).
//!
//! Not the operator's trunks of the configuration, which lead to carriers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Timestamp,
    agent::words,
    id::{AccountId, TrunkId},
};

words! {
    /// Which transfers (REFER) a trunk may ask for.
    TrunkTransfers {
        /// To phone numbers and to SIP addresses.
        #[default] All = "all",
        /// To SIP addresses only.
        Sip = "sip",
        /// None.
        None = "none",
    }
    /// Whose number a transferred call shows.
    TransferCallerId {
        /// The one who is transferred.
        #[default] Transferee = "transferee",
        /// The one who transfers.
        Transferor = "transferor",
    }
}

/// Where calls of a trunk go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OriginationUri {
    /// A `sip:` or `sips:` address.
    pub sip_uri: String,
    /// The owner's name for it.
    pub name: Option<String>,
    /// Lower is tried first, 0 to 65535; 1 when omitted.
    #[schema(required = false)]
    pub priority: u16,
    /// Share among those of the same priority, 0 to 65535; 1 when omitted.
    #[schema(required = false)]
    pub weight: u16,
}

/// From where calls of a trunk may come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AllowedIp {
    /// A network, such as `203.0.113.4/32`.
    pub cidr: String,
    /// The owner's name for it.
    pub name: Option<String>,
}

/// What a trunk's equipment proves itself with.
///
/// Digest needs MD5 of `username:realm:password` and nothing more, so that is
/// all there is of the password (RFC 3261 §22.4, RFC 2617 §3.2.2.2).
#[derive(Clone, PartialEq, Eq)]
pub struct TrunkCredentials {
    /// User name.
    pub username: String,
    /// Protection realm.
    pub realm: String,
    /// Lower-case hex.
    pub ha1: String,
    /// Last four characters of the password, by which its owner recognises it.
    pub password_last4: String,
}

impl std::fmt::Debug for TrunkCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrunkCredentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// A trunk as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipTrunk {
    /// Its id.
    pub id: TrunkId,
    /// Its owner.
    pub account_id: AccountId,
    /// The owner's name for it.
    pub name: String,
    /// Which transfers it may ask for.
    pub transfers: TrunkTransfers,
    /// Whose number a transferred call shows.
    pub transfer_caller_id: TransferCallerId,
    /// Where calls go.
    pub origination: Vec<OriginationUri>,
    /// From where calls may come; empty: from wherever the credentials are known.
    pub allowed_ips: Vec<AllowedIp>,
    /// What its equipment proves itself with.
    pub credentials: TrunkCredentials,
    /// When it was made.
    pub created_at: Timestamp,
}
