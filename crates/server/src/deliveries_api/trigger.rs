//! `POST /offhook/v1/deliveries`: a synthetic event, sent like a real one.

use axum::{Json, extract::State};
use offhook_model::id::AgentId;
use utoipa::ToSchema;

use super::get::DeliveryDetail;
use crate::{
    api::v1::agents,
    app::App,
    auth::Caller,
    error::ApiError,
    input::{
        Fields, Input, Read,
        rules::{text, word},
    },
    webhooks::{self, Synthetic},
};

/// What to make up.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[schema(example = json!({"event": "agent.message", "from": "+14155559876", "message": "Hello"}))]
pub(crate) struct TriggerRequest {
    /// `agent.message`, `agent.call_ended`, `agent.reaction` or `agent.contact_shared`.
    #[schema(value_type = String)]
    event: &'static str,
    /// The agent it names, whose own webhook gets it if it has one; by default
    /// it goes to the account's webhook and names the account's first agent.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Who writes or calls.
    from: Option<String>,
    /// The number written to or called; default one of the account's.
    to: Option<String>,
    /// The words.
    message: Option<String>,
}

fn event(name: &str) -> Option<&'static str> {
    Synthetic::EVENTS.iter().find(|event| **event == name).copied()
}

impl Read for TriggerRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let event = fields.required("event", word(event, Synthetic::EVENTS));
        let short = || text().chars(1..=254);
        let request = Self {
            agent_id: fields.optional("agentId", text()).map(AgentId::from),
            from: fields.optional("from", short()),
            to: fields.optional("to", short()),
            message: fields.optional("message", text().chars(0..=20_000)),
            event: event?,
        };
        Some(request)
    }
}

/// Sends a made-up event of any kind, marked `test: true`, through the outbox:
/// signed, retried and logged like a real one.
#[utoipa::path(
    post, path = "/offhook/v1/deliveries", tag = "deliveries", operation_id = "triggerDelivery",
    request_body = TriggerRequest,
    responses(
        (status = 200, body = DeliveryDetail, description = "It is pending"),
        (status = 404, description = "No webhook, or no such agent"),
    )
)]
pub(crate) async fn trigger(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<TriggerRequest>,
) -> Result<Json<DeliveryDetail>, ApiError> {
    let store = app.store();
    let (agent, webhook) = match &body.agent_id {
        Some(id) => {
            let agent = agents::find(&app, &caller, id).await?;
            (Some(agent), store.effective_webhook(&caller.account, Some(id)).await?)
        }
        None => (store.oldest_agent(&caller.account).await?, store.webhook(&caller.account, None).await?),
    };
    let webhook = webhook.ok_or_else(webhooks::unknown)?;
    let made = Synthetic { event: body.event, agent, from: body.from, to: body.to, message: body.message };
    let id = webhooks::trigger(&app, &webhook, made).await?;
    Ok(Json(DeliveryDetail::find(&app, &caller, &id).await?))
}
