//! A sub-account as clients see it.

use offhook_model::{Timestamp, id::AccountId};
use offhook_store::SubAccount;
use serde::Serialize;
use utoipa::ToSchema;

/// A sub-account.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SubAccount, example = json!({
    "id": "sub_01", "name": "Client A",
    "createdAt": "2025-01-15T10:30:00Z", "updatedAt": "2025-01-15T10:30:00Z"
}))]
pub(crate) struct SubAccountView {
    /// `sub_…`; what `X-Sub-Account-Id` names.
    #[schema(value_type = String)]
    id: AccountId,
    /// What it is called.
    name: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its name last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// What happened in it lately; only when `stats_days` was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<Stats>,
}

/// What happened in a sub-account.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub(crate) struct Stats {
    /// Messages in and out.
    pub(super) messages: u64,
    /// Calls begun.
    pub(super) calls: u64,
}

impl From<SubAccount> for SubAccountView {
    fn from(sub: SubAccount) -> Self {
        Self::with(sub, None)
    }
}

impl SubAccountView {
    /// A sub-account, with what happened in it when that was asked for.
    pub(super) fn with(sub: SubAccount, stats: Option<Stats>) -> Self {
        Self { id: sub.id, name: sub.name, created_at: sub.created_at, updated_at: sub.updated_at, stats }
    }
}
