//! What a request is about to do, without what it says.

use std::net::IpAddr;

use axum::{
    RequestExt,
    extract::{RawPathParams, Request},
};
use http::StatusCode;
use offhook_model::Timestamp;
use offhook_store::{AuditEntry, AuditSource};
use serde::Deserialize;

use crate::{auth::Caller, observe::RequestId, requests::routes::Route};

/// A request on its way; becomes an entry once it is answered.
#[derive(Debug)]
pub(crate) struct Deed(AuditEntry);

/// What an answer may call its subject; everything else is skipped.
#[derive(Debug, Default, Deserialize)]
struct Named {
    id: Option<String>,
    verification_id: Option<String>,
    connection_id: Option<String>,
}

impl Deed {
    /// What this request of `caller` is about to do.
    pub(crate) async fn of(
        request: &mut Request,
        route: &Route,
        caller: &Caller,
        address: Option<IpAddr>,
        at: Timestamp,
    ) -> Self {
        let mut ids: Vec<String> = Vec::new();
        if let Ok(params) = request.extract_parts::<RawPathParams>().await {
            ids = params.iter().filter_map(|(_, value)| id(value)).collect();
        }
        let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
        Self(AuditEntry {
            account_id: caller.account.clone(),
            at,
            source: AuditSource::Api,
            key_id: Some(caller.key.clone()),
            key_account_id: Some(caller.owner.clone()),
            operation: route.operation.clone(),
            method: route.method.to_string(),
            route: route.template.clone(),
            resource_id: ids.pop(),
            within_id: ids.pop(),
            address: address.map(|address| address.to_string()),
            status: None,
            request_id,
        })
    }

    /// The entry, now that it is answered. What was made is named by the
    /// answer; the path then says within what.
    pub(super) fn done(self, status: StatusCode, answer: Option<&[u8]>) -> AuditEntry {
        let mut entry = self.0;
        entry.status = Some(status.as_u16());
        let named: Named = answer.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        let made = named.id.or(named.verification_id).or(named.connection_id);
        if let Some(made) = made.as_deref().and_then(id)
            && entry.resource_id.as_ref() != Some(&made)
        {
            entry.within_id = entry.resource_id.replace(made).or(entry.within_id);
        }
        entry
    }
}

/// An id of ours: a word, `_`, letters and digits. Anything else a path may
/// hold (a phone number, a slip of the keyboard) is none of the log's business.
fn id(text: &str) -> Option<String> {
    let (prefix, rest) = text.split_once('_')?;
    let fits = text.len() <= 64
        && !prefix.is_empty()
        && prefix.bytes().all(|byte| byte.is_ascii_lowercase())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && rest.bytes().any(|byte| byte.is_ascii_alphabetic());
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_are_written_down() {
        for known in ["agt_abc123", "num_01jq9z", "sub_x"] {
            assert_eq!(id(known).as_deref(), Some(known));
        }
        let long = format!("agt_{}", "a".repeat(64));
        for other in ["+14155550100", "x_14155550100", "me@example.com", "_", "agt_", "a b_c", &long] {
            assert_eq!(id(other), None, "{other}");
        }
    }
}
