//! Setting webhooks, and trying them out.

mod test_event;

use http::StatusCode;
use offhook_model::{
    id::{AccountId, AgentId, WebhookId},
    webhook::Webhook,
};
use offhook_store::StoreError;
use offhook_voice::providers::fetch::FetchError;

pub use test_event::{TestEvent, TestOutcome, test};

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
        Ok(()) => Ok(webhook),
        Err(StoreError::Dangling) => Err(agents::unknown()),
        Err(error) => Err(error.into()),
    }
}

/// The 404 of webhooks.
#[must_use]
pub fn unknown() -> ApiError {
    ApiError::not_found("Webhook not found")
}
