//! `POST /v1/webhooks/test`.

use axum::{Json, extract::State};
use offhook_model::{agent::Agent, id::AgentId};
use utoipa::{IntoParams, ToSchema};

use super::TestResult;
use crate::{
    api::v1::agents,
    app::App,
    auth::Caller,
    error::ApiError,
    input::{
        Fields, Input, Query, Read,
        rules::{text, word},
    },
    webhooks::{self, TestEvent},
};

/// What the test event says; everything has a default.
#[derive(Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
#[schema(example = json!({"from": "+14155559876", "to": "+14155551234", "message": "Hello", "channel": "sms"}))]
pub struct TestRequest {
    /// Sender.
    from: Option<String>,
    /// Receiver; default one of the account's numbers.
    to: Option<String>,
    /// The words.
    message: Option<String>,
    /// `sms` (default), `imessage`, `mms`, `whatsapp` or `rcs`.
    #[schema(value_type = Option<String>)]
    channel: Option<&'static str>,
}

const CHANNELS: [&str; 5] = ["sms", "imessage", "mms", "whatsapp", "rcs"];

fn channel(word: &str) -> Option<&'static str> {
    CHANNELS.iter().find(|channel| **channel == word).copied()
}

impl Read for TestRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            from: fields.optional("from", text()),
            to: fields.optional("to", text()),
            message: fields.optional("message", text()),
            channel: fields.optional("channel", word(channel, &CHANNELS)),
        })
    }
}

impl TestRequest {
    /// The event it asks for, about this agent.
    #[must_use]
    pub fn about(self, agent: Option<Agent>) -> TestEvent {
        TestEvent {
            agent,
            from: self.from,
            to: self.to,
            message: self.message,
            channel: self.channel.unwrap_or("sms"),
        }
    }
}

/// Which agent the event names.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct About {
    /// Default: the account's first agent.
    #[param(value_type = Option<String>)]
    agent_id: Option<AgentId>,
}

impl Read for About {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { agent_id: fields.optional("agentId", text()).map(AgentId::from) })
    }
}

/// Sends one synthetic event to the account's webhook and waits for the answer.
#[utoipa::path(
    post, path = "/v1/webhooks/test", tag = "webhooks", operation_id = "testWebhook",
    params(About), request_body = TestRequest,
    responses(
        (status = 200, body = TestResult, description = "What came of it, good or bad"),
        (status = 404, description = "No webhook, or no such agent"),
    )
)]
pub(crate) async fn test(
    State(app): State<App>,
    caller: Caller,
    Query(about): Query<About>,
    Input(body): Input<TestRequest>,
) -> Result<Json<TestResult>, ApiError> {
    let agent = match &about.agent_id {
        Some(id) => Some(agents::find(&app, &caller, id).await?),
        None => app.store().oldest_agent(&caller.account).await?,
    };
    let webhook = app.store().webhook(&caller.account, None).await?.ok_or_else(webhooks::unknown)?;
    Ok(Json(webhooks::test(&app, webhook, body.about(agent)).await?.into()))
}
