//! `GET /offhook/v1/audit`: who did what to which resource, and when.

use axum::{Json, extract::State};
use offhook_model::{
    Timestamp,
    id::{AccountId, ApiKeyId},
};
use offhook_store::{AuditFilter, StoredAuditEntry};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{
        Fields, Query, Read,
        rules::{instant, integer, text},
    },
};

/// The route under `/offhook/v1/audit`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which entries; every parameter narrows.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Entries per page.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    limit: u32,
    /// Strictly older than the entry of this `sequence`.
    #[param(minimum = 0)]
    before: Option<i64>,
    /// Strictly newer than the entry of this `sequence`; alone, the page holds
    /// the entries next to it.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// Done to the resource of this id, or within it.
    resource: Option<String>,
    /// Of this operation, e.g. `createAgent`.
    operation: Option<String>,
    /// From this moment on.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl Read for AuditQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional("limit", integer(1..=200));
        Some(Self {
            limit: limit.and_then(|limit| limit.try_into().ok()).unwrap_or(50),
            before: fields.optional("before", integer(0..=i64::MAX)),
            after: fields.optional("after", integer(0..=i64::MAX)),
            resource: fields.optional("resource", text()),
            operation: fields.optional("operation", text()),
            since: fields.optional("since", instant()),
            until: fields.optional("until", instant()),
        })
    }
}

/// A page of the audit log, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditLogPage {
    /// This page.
    data: Vec<AuditEntryView>,
    /// Whether more follow: newer ones when only `after` was given, else older ones.
    has_more: bool,
}

/// Somebody did something, or tried to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry, example = json!({
    "sequence": 7, "at": "2025-01-15T10:30:00Z", "source": "api", "keyId": "key_01", "accountId": "acct_01",
    "subAccountId": null, "operation": "createAgent", "method": "POST", "route": "/v1/agents",
    "resourceId": "agt_abc123", "withinId": null, "address": "203.0.113.7", "status": 200,
    "requestId": "8a1f5ad0-7c3d-4f0e-9a55-0f6a2d3b1c4e",
    "hash": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
}))]
pub(crate) struct AuditEntryView {
    /// Its place in the account's log, from 1 without gaps; the cursor of `before` and `after`.
    sequence: i64,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `api`, `cli`, `start` or `worker`.
    source: &'static str,
    /// The API key; null for the command line.
    #[schema(value_type = Option<String>, required)]
    key_id: Option<ApiKeyId>,
    /// The account the key belongs to.
    #[schema(value_type = String)]
    account_id: AccountId,
    /// The sub-account it was done in.
    #[schema(value_type = Option<String>, required)]
    sub_account_id: Option<AccountId>,
    /// Operation id of this document.
    operation: String,
    /// HTTP method.
    method: String,
    /// The route's template.
    route: String,
    /// What it was done to, or what it made.
    #[schema(required)]
    resource_id: Option<String>,
    /// What that is a part of, where the path says so.
    #[schema(required)]
    within_id: Option<String>,
    /// The client's address.
    #[schema(required)]
    address: Option<String>,
    /// HTTP status of the answer.
    #[schema(required)]
    status: Option<u16>,
    /// The answer's `X-Request-Id`.
    #[schema(required)]
    request_id: Option<String>,
    /// SHA-256 over this entry and the hash before it.
    hash: String,
}

impl From<StoredAuditEntry> for AuditEntryView {
    fn from(stored: StoredAuditEntry) -> Self {
        let entry = stored.entry;
        let owner = entry.key_account_id.unwrap_or_else(|| entry.account_id.clone());
        Self {
            sequence: stored.sequence,
            at: entry.at,
            source: entry.source.as_str(),
            key_id: entry.key_id,
            sub_account_id: (owner != entry.account_id).then_some(entry.account_id),
            account_id: owner,
            operation: entry.operation,
            method: entry.method,
            route: entry.route,
            resource_id: entry.resource_id,
            within_id: entry.within_id,
            address: entry.address,
            status: entry.status,
            request_id: entry.request_id,
            hash: stored.hash,
        }
    }
}

/// The account's audit log, newest first.
///
/// Every request with a key that may change something leaves an entry, also
/// when it is refused; so do keys made or revoked on the command line. Entries
/// form a chain of hashes that `offhook audit verify` checks.
#[utoipa::path(
    get, path = "/offhook/v1/audit", tag = "audit", operation_id = "listAuditLog",
    params(AuditQuery),
    responses((status = 200, body = AuditLogPage, description = "One page of the log"))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditLogPage>, ApiError> {
    let filter = AuditFilter {
        resource: query.resource,
        operation: query.operation,
        since: query.since,
        until: query.until,
        before: query.before,
        after: query.after,
    };
    let page = app.store().audit(&caller.account, &filter, query.limit).await?;
    let data = page.data.into_iter().map(AuditEntryView::from).collect();
    Ok(Json(AuditLogPage { data, has_more: page.has_more }))
}
