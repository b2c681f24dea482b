//! A server without an engine, with a hundred and one webhooks.

use std::sync::Arc;

use offhook_model::{
    Timestamp,
    agent::{Agent, AgentSettings},
    id::{AccountId, AgentId, WebhookId},
    webhook::Webhook,
};
use offhook_server::{App, Parts, Settings, app::Components};
use offhook_sim::SimCarrier;
use offhook_store::{Account, Keys, MasterKey, Store, StoreOptions};
use offhook_voice::providers::fetch::{FetchClient, FetchPolicy};

use crate::sink::Sink;

pub type Failure = Box<dyn std::error::Error>;

/// Everything a measurement needs.
pub struct Stage {
    pub app: App,
    pub account: AccountId,
    pub sink: Sink,
}

impl Stage {
    pub async fn set(url: &str) -> Result<Self, Failure> {
        let keys = Some(Keys::Given(vec![MasterKey::from_bytes([7; 32])]));
        let store = Store::connect(url, StoreOptions { keys, ..StoreOptions::default() }).await?;
        let app = App::new(Parts {
            store,
            settings: Settings { allow_private: true, ..Settings::default() },
            carrier: Arc::new(SimCarrier::default()),
            fetch: FetchClient::new(FetchPolicy { allow_private: true, ..FetchPolicy::default() })?,
            clock: Arc::new(Timestamp::now),
            components: Components { stt: "none".into(), tts: "none".into(), llm: "extractive".into() },
            metrics: None,
        });
        let now = app.now();
        let account = AccountId::new(now, rand::random());
        let row = Account { id: account.clone(), parent_id: None, name: "deliver".into(), created_at: now };
        app.store().create_account(&row).await?;
        let stage = Self { app, account, sink: Sink::start().await? };
        for n in 0..100 {
            stage.webhook(&format!("agt_{n}"), stage.sink.url("ok")).await?;
        }
        stage.webhook("agt_dead", stage.sink.url("hang")).await?;
        Ok(stage)
    }

    /// Sets the webhook of an agent that is made if need be.
    pub async fn webhook(&self, agent: &str, url: String) -> Result<(), Failure> {
        let (now, id) = (self.app.now(), AgentId::from(agent));
        if self.app.store().agent(&self.account, &id).await?.is_none() {
            let agent = Agent {
                id: id.clone(),
                account_id: self.account.clone(),
                settings: AgentSettings::named(agent),
                created_at: now,
            };
            self.app.store().create_agent(&agent).await?;
        }
        let webhook = Webhook {
            id: WebhookId::new(now, rand::random()),
            account_id: self.account.clone(),
            agent_id: Some(id),
            url,
            secret: format!("whsec_{}", "0123456789abcdef".repeat(4)),
            context_limit: 0,
            timeout_s: 30,
            created_at: now,
        };
        Ok(self.app.store().put_webhook(&webhook).await?)
    }
}

/// Times as they are printed.
pub struct Spread(pub Vec<f64>);

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = sorted.len().saturating_sub(1) as f64;
            sorted.get((last * share).round() as usize).copied().unwrap_or_default()
        };
        write!(f, "p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms (n={})", at(0.5), at(0.99), at(1.0), sorted.len())
    }
}

/// Load average of the last minute.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}
