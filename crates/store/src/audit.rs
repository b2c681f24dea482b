//! The audit log: who changed what, in one chain of hashes per account.
//!
//! An entry's hash is the SHA-256 of a JSON array: the hash before it (64
//! zeros for the first), then the entry's columns in the order of
//! [`AuditEntry::hash`]. Nothing here updates or deletes an entry; whoever does
//! so by hand breaks the chain, and [`Store::verify_audit`] says where.

pub(crate) mod append;
pub(crate) mod list;
pub(crate) mod verify;

use offhook_model::{
    Timestamp,
    id::{AccountId, ApiKeyId},
};
use sha2::{Digest, Sha256};

#[cfg(doc)]
use crate::Store;
use crate::{StoreError, row::Row};

/// What stands before the first entry of a chain.
const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// By which door a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditSource {
    /// A request to the REST API.
    Api,
    /// The command line, which works on the database itself.
    Cli,
    /// The start of a process.
    Start,
    /// Work that comes round by itself.
    Worker,
}

/// Somebody did something, or tried to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The account it was done in; the chain it belongs to.
    pub account_id: AccountId,
    /// When. An entry is never earlier than the one before it.
    pub at: Timestamp,
    /// By which door.
    pub source: AuditSource,
    /// The API key; none unless it was a request.
    pub key_id: Option<ApiKeyId>,
    /// The account that key belongs to: the parent, where `account_id` is a sub-account.
    pub key_account_id: Option<AccountId>,
    /// The operation's id in the OpenAPI document, or what the command line did.
    pub operation: String,
    /// HTTP method; `CLI`, `START` and `WORKER` elsewhere.
    pub method: String,
    /// The route's template, or the command; never a concrete path.
    pub route: String,
    /// What it was done to: the last id of the path, or the one in the answer.
    pub resource_id: Option<String>,
    /// The other id of the path, where there are two.
    pub within_id: Option<String>,
    /// The client's address.
    pub address: Option<String>,
    /// HTTP status of the answer; none unless it was a request.
    pub status: Option<u16>,
    /// The request's id.
    pub request_id: Option<String>,
}

/// An entry in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAuditEntry {
    /// What happened.
    pub entry: AuditEntry,
    /// Its place in the account's chain, from 1 without gaps.
    pub sequence: i64,
    /// Covers the entry and the hash before it.
    pub hash: String,
}

impl AuditSource {
    /// The word it is stored and shown as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Cli => "cli",
            Self::Start => "start",
            Self::Worker => "worker",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Api, Self::Cli, Self::Start, Self::Worker].into_iter().find(|source| source.as_str() == word)
    }
}

impl AuditEntry {
    /// The entry's hash as number `sequence` after `previous`.
    fn hash(&self, sequence: i64, previous: &str) -> Result<String, StoreError> {
        let columns = (
            (previous, self.account_id.as_str(), sequence, self.at.as_millisecond(), self.source.as_str()),
            (self.key_id.as_ref(), self.key_account_id.as_ref(), &self.operation, &self.method, &self.route),
            (&self.resource_id, &self.within_id, &self.address, self.status, &self.request_id),
        );
        Ok(hex::encode(Sha256::digest(crate::row::to_json(&columns)?.as_bytes())))
    }
}

impl StoredAuditEntry {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            entry: AuditEntry {
                account_id: row.id("account_id")?,
                at: row.time("at")?,
                source: row.word("source", AuditSource::from_word)?,
                key_id: row.opt_id("key_id")?,
                key_account_id: row.opt_id("key_account_id")?,
                operation: row.text("operation")?,
                method: row.text("method")?,
                route: row.text("route")?,
                resource_id: row.opt_text("resource_id")?,
                within_id: row.opt_text("within_id")?,
                address: row.opt_text("address")?,
                status: row.opt_number("status")?,
                request_id: row.opt_text("request_id")?,
            },
            sequence: row.int("sequence")?,
            hash: row.text("hash")?,
        })
    }
}
