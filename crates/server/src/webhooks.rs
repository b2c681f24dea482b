//! Setting webhooks, and trying them out.

mod addressed;
mod test_event;
mod trigger;

use http::StatusCode;
use offhook_model::{
    id::{AccountId, AgentId, WebhookId},
    webhook::Webhook,
};
use offhook_store::StoreError;
use offhook_voice::providers::fetch::FetchError;

pub use addressed::{Addressed, Written};
pub use offhook_voice::providers::webhook::headers;
pub use test_event::{TestEvent, TestOutcome, test};
pub use trigger::{Synthetic, trigger};

use crate::{
    api::v1::{agents, webhooks::WebhookView},
    app::App,
    error::ApiError,
    idempotency::promise,
};

/// Where events shall go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Checked by [`set`].
    pub url: String,
    /// 0 to 50.
    pub context_limit: u8,
    /// 5 to 120.
    pub timeout_s: u8,
}

/// Sets or replaces the webhook of an agent, or with `None` the account's,
/// under a new secret.
///
/// # Errors
/// 422 for what is no https address, 400 for one that is not public, 404 for
/// an unknown agent.
pub async fn set(
    app: &App,
    account: &AccountId,
    agent: Option<AgentId>,
    endpoint: Endpoint,
) -> Result<Webhook, ApiError> {
    app.fetch().policy().check(&endpoint.url).map_err(|error| match error {
        FetchError::Forbidden { .. } => ApiError::bad_request(format!("Webhook URL refused: {error}")),
        _ => ApiError::field("url", "value_error", format!("Value error, {error}")),
    })?;
    let now = app.now();
    let webhook = Webhook {
        id: WebhookId::new(now, rand::random()),
        account_id: account.clone(),
        agent_id: agent,
        url: endpoint.url,
        secret: format!("whsec_{}", hex::encode(rand::random::<[u8; 32]>())),
        context_limit: endpoint.context_limit,
        timeout_s: endpoint.timeout_s,
        created_at: now,
    };
    promise(StatusCode::OK, {
        let webhook = webhook.clone();
        move |(): &()| Some(WebhookView::from(webhook.clone()))
    });
    match app.store().put_webhook(&webhook).await {
        Ok(()) => {
            // Whatever was wrong with the old one says nothing about this one.
            app.deliveries().forget(&endpoint_of(&webhook));
            Ok(webhook)
        }
        Err(StoreError::Dangling) => Err(agents::unknown()),
        Err(error) => Err(error.into()),
    }
}

/// Removes the webhook of an agent, or with `None` the account's; false when
/// there was none. What is pending for it fails, the log stays.
///
/// # Errors
/// What the store answered.
pub async fn delete(app: &App, account: &AccountId, agent: Option<&AgentId>) -> Result<bool, StoreError> {
    let is_gone = app.store().delete_webhook(account, agent).await?;
    app.deliveries().forget(&offhook_store::Endpoint { account: account.clone(), target: agent.cloned() });
    Ok(is_gone)
}

fn endpoint_of(webhook: &Webhook) -> offhook_store::Endpoint {
    offhook_store::Endpoint { account: webhook.account_id.clone(), target: webhook.agent_id.clone() }
}

/// The 404 of webhooks.
#[must_use]
pub fn unknown() -> ApiError {
    ApiError::not_found("Webhook not found")
}
