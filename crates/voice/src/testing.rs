//! What the tests of several modules share.

use std::{sync::Arc, time::Duration};

use axum::Router;
use offhook_model::{
    Timestamp,
    agent::{AmbientSound, DenoisingMode, ModelTier, SttMode},
    call::Direction,
    id::{AccountId, AgentId, CallId, NumberId, WebhookId},
    plan::{BrainPlan, CallPlan, Greeting, VoicePlan},
    tool::CustomTool,
    webhook::Webhook,
};

use crate::{
    brain::WallClock,
    providers::{
        chat::{LlmConfig, LlmTimeouts, TierModels},
        fetch::FetchPolicy,
    },
};

/// Serves on loopback; the base URL.
pub(crate) async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

pub(crate) fn open_policy() -> FetchPolicy {
    FetchPolicy { allow_private: true, ..FetchPolicy::default() }
}

pub(crate) fn at_noon() -> Timestamp {
    "2025-01-15T12:00:00Z".parse().unwrap()
}

pub(crate) fn clock() -> WallClock {
    Arc::new(at_noon)
}

pub(crate) fn llm(base_url: &str) -> LlmConfig {
    let model = |name: &str| name.to_owned();
    LlmConfig {
        base_url: base_url.to_owned(),
        api_key: Some("secret".to_owned()),
        models: TierModels { turbo: model("small"), balanced: model("medium"), max: model("large") },
        timeouts: LlmTimeouts {
            connect: Duration::from_secs(1),
            first_token: Duration::from_millis(400),
            between_tokens: Duration::from_millis(200),
        },
    }
}

pub(crate) fn webhook(url: &str, context_limit: u8) -> Webhook {
    Webhook {
        id: WebhookId::from("wh_1"),
        account_id: AccountId::from("acct_1"),
        agent_id: None,
        url: url.to_owned(),
        secret: "whsec_test".to_owned(),
        context_limit,
        timeout_s: 5,
        created_at: at_noon(),
    }
}

pub(crate) fn hosted(system_prompt: &str, tools: Vec<CustomTool>) -> BrainPlan {
    BrainPlan::Hosted {
        system_prompt: system_prompt.to_owned(),
        tier: ModelTier::Balanced,
        tools,
        messaging: false,
    }
}

pub(crate) fn plan(brain: BrainPlan) -> CallPlan {
    CallPlan {
        call_id: CallId::from("call_1"),
        account_id: AccountId::from("acct_1"),
        agent_id: AgentId::from("agt_1"),
        agent_name: "Ava".to_owned(),
        number_id: Some(NumberId::from("num_1")),
        from: "+14155550100".to_owned(),
        to: "+14155550101".to_owned(),
        direction: Direction::Inbound,
        contact: None,
        brain,
        greeting: Greeting::Say("Hello there.".to_owned()),
        voice: VoicePlan { id: "default".to_owned(), language: "en-US".to_owned(), speed: 1.0 },
        stt_mode: SttMode::Fast,
        ambient_sound: AmbientSound::None,
        denoising_mode: DenoisingMode::NoiseCancellation,
        interruption_sensitivity: 0.8,
        enable_backchannel: false,
        max_silence: Duration::from_secs(30),
        max_duration: Duration::from_secs(600),
        transfer_number: None,
        voicemail_message: None,
        screening: None,
        recording: None,
    }
}
