//! Webhook endpoints of accounts and agents.

use std::collections::HashMap;

use offhook_model::{
    id::{AccountId, AgentId, WebhookId},
    webhook::Webhook,
};

use crate::{
    Endpoint, Store, StoreError, agents, row::Row, statement::statements, value::args, vault::columns::Column,
};

statements! {
    BY_SCOPE = "SELECT * FROM webhooks WHERE account_id = $1 AND scope = $2";
    EFFECTIVE = "SELECT * FROM webhooks WHERE account_id = $1 AND scope IN ($2, '') ORDER BY scope DESC LIMIT 1";
    PUT = "INSERT INTO webhooks (id, account_id, scope, url, secret, context_limit, timeout_s, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (account_id, scope) DO UPDATE SET id = excluded.id, url = excluded.url,
        secret = excluded.secret, context_limit = excluded.context_limit, timeout_s = excluded.timeout_s,
        created_at = excluded.created_at";
    OF_MANY = "SELECT w.* FROM json_each($1 /*pg: ::json */) AS k, webhooks w
        WHERE w.account_id = k.value ->> 'account' AND w.scope = k.value ->> 'scope'";
    DELETE = "DELETE FROM webhooks WHERE account_id = $1 AND scope = $2";
}

impl Store {
    /// The webhook of an agent, or with `None` the account's own. No fall-back:
    /// see [`Store::effective_webhook`].
    pub async fn webhook(
        &self,
        account: &AccountId,
        agent: Option<&AgentId>,
    ) -> Result<Option<Webhook>, StoreError> {
        let row = self.read().await?.optional(&BY_SCOPE, args![account, scope(agent)]).await?;
        row.map(from_row).transpose()
    }

    /// The webhooks of many endpoints as they are now; those that have none are
    /// missing. No fall-back.
    pub async fn webhooks_of<'a>(
        &self,
        endpoints: impl IntoIterator<Item = &'a Endpoint>,
    ) -> Result<HashMap<Endpoint, Webhook>, StoreError> {
        let wanted: serde_json::Map<String, serde_json::Value> = endpoints
            .into_iter()
            .map(|endpoint| {
                let scope = scope(endpoint.target.as_ref());
                (endpoint.to_string(), serde_json::json!({"account": endpoint.account, "scope": scope}))
            })
            .collect();
        let wanted = serde_json::Value::Object(wanted).to_string();
        let rows = self.read().await?.all(&OF_MANY, args![wanted]).await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let webhook = match from_row(row) {
                // One damaged row must not hold up everybody's deliveries.
                Err(StoreError::Corrupt { what }) => {
                    tracing::error!(what, "a webhook cannot be read; what is due to it fails");
                    continue;
                }
                webhook => webhook?,
            };
            let endpoint = Endpoint { account: webhook.account_id.clone(), target: webhook.agent_id.clone() };
            found.insert(endpoint, webhook);
        }
        Ok(found)
    }

    /// Where an agent's events go: its own webhook, else the account's.
    pub async fn effective_webhook(
        &self,
        account: &AccountId,
        agent: Option<&AgentId>,
    ) -> Result<Option<Webhook>, StoreError> {
        let row = self.read().await?.optional(&EFFECTIVE, args![account, scope(agent)]).await?;
        row.map(from_row).transpose()
    }

    /// Stores a webhook in place of any other of the same agent or account.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when the account has no such agent.
    pub async fn put_webhook(&self, webhook: &Webhook) -> Result<(), StoreError> {
        let webhook = webhook.clone();
        self.write(move |tx| {
            let webhook = webhook.clone();
            Box::pin(async move {
                if let Some(agent) = &webhook.agent_id
                    && !agents::hold(tx, &webhook.account_id, agent).await?
                {
                    return Err(StoreError::Dangling);
                }
                let secret =
                    tx.sealer().await?.seal(&Column::Webhooks.place(&[webhook.id.as_str()]), &webhook.secret);
                let args = args![
                    &webhook.id,
                    &webhook.account_id,
                    scope(webhook.agent_id.as_ref()),
                    webhook.url,
                    secret,
                    u32::from(webhook.context_limit),
                    u32::from(webhook.timeout_s),
                    webhook.created_at
                ];
                tx.execute(&PUT, args).await.map(drop)
            })
        })
        .await
    }

    /// Removes a webhook; false when there was none.
    pub async fn delete_webhook(
        &self,
        account: &AccountId,
        agent: Option<&AgentId>,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(&DELETE, args![account, scope(agent)]).await? == 1)
    }
}

fn scope(agent: Option<&AgentId>) -> &str {
    agent.map_or("", AgentId::as_str)
}

fn from_row(row: Row) -> Result<Webhook, StoreError> {
    let id: WebhookId = row.id("id")?;
    Ok(Webhook {
        secret: row.sealed("secret", &Column::Webhooks.place(&[id.as_str()]))?,
        id,
        account_id: row.id("account_id")?,
        agent_id: Some(row.text("scope")?).filter(|scope| !scope.is_empty()).map(AgentId::from),
        url: row.text("url")?,
        context_limit: row.number("context_limit")?,
        timeout_s: row.number("timeout_s")?,
        created_at: row.time("created_at")?,
    })
}
