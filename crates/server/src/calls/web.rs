//! Browser calls: the row and its access token. A call nobody joins fails.

use std::collections::BTreeMap;

use http::StatusCode;
use offhook_model::{
    call::{CallState, Direction, EndReason},
    id::{AccountId, AgentId, CallId},
};
use offhook_store::{Call, InsertCallError};
use serde::Serialize;
use serde_json::Value;

use super::{
    JOIN_TIME, charges,
    end::Closing,
    host::report::close_surely,
    live::{Owner, Stage},
    max_duration, new_call_id,
    outbound::{CreateError, takes_calls},
    party::Party,
    plan::{self, CallOptions, PlanParts},
    recording_path,
};
use crate::{app::App, idempotency::promise};

/// A browser call somebody asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct NewWebCall {
    /// The agent that talks.
    pub agent_id: AgentId,
    /// Stored with the call and echoed when it ends.
    pub metadata: Option<Value>,
    /// Values of `{{name}}`; hosted calls only.
    pub variables: BTreeMap<String, String>,
}

/// Commits the call and issues the token that opens it; `view` shows them as
/// the request is answered.
///
/// # Errors
/// [`CreateError`]; nothing was stored then.
pub async fn create<V: Serialize>(
    app: &App,
    account: &AccountId,
    new: NewWebCall,
    view: impl Fn(&Call, &str) -> V + Send + Sync + 'static,
) -> Result<(Call, String), CreateError> {
    takes_calls(app)?;
    let agent = app.store().agent(account, &new.agent_id).await?.ok_or(CreateError::UnknownAgent)?;
    let now = app.now();
    let call = Call {
        id: new_call_id(now),
        account_id: account.clone(),
        agent_id: Some(agent.id.clone()),
        agent_name: Some(agent.settings.name.clone()),
        number_id: None,
        phone_number: None,
        from: "web".to_owned(),
        to: "web".to_owned(),
        direction: Direction::Web,
        state: CallState::Queued,
        started_at: now,
        answered_at: None,
        ended_at: None,
        talk_time: None,
        metadata: new.metadata,
        service: charges::service(&agent, &CallOptions::default()),
        recording_disabled: false,
        recording: None,
        owner: app.calls().incarnation.clone(),
        checkpoint_at: None,
    };
    let webhook = app.store().effective_webhook(account, Some(&agent.id)).await?;
    let own_webhook = webhook.as_ref().is_some_and(|webhook| webhook.agent_id.is_some());
    plan::build(PlanParts {
        call_id: call.id.clone(),
        agent: &agent,
        number_id: None,
        from: call.from.clone(),
        to: call.to.clone(),
        direction: call.direction,
        webhook,
        party: Party::default(),
        options: CallOptions { variables: new.variables, ..CallOptions::default() },
        max_duration: max_duration(app),
        recording: recording_path(app, &call.id).await,
    })?;
    let join_seconds = u32::try_from(JOIN_TIME.as_secs()).unwrap_or(u32::MAX);
    let url = format!("{}/offhook/v1/web-calls", app.settings().public_url);
    let token = app.calls().tokens.issue(&call.id, &url, uuid::Uuid::new_v4().to_string(), now, join_seconds);
    promise(StatusCode::OK, {
        let (call, token) = (call.clone(), token.clone());
        move |refusal: &Option<InsertCallError>| refusal.is_none().then(|| view(&call, &token))
    });
    app.store().admit_call(&call, charges::terms(app)).await?;
    let owner = Owner { account: account.clone(), agent: agent.id, own_webhook };
    app.calls().live.add(&call.id, owner, Stage::Waiting);
    metrics::counter!("offhook_calls_started_total", "direction" => "web").increment(1);
    tracing::info!(call.id = %call.id, direction = "web", "call started");
    tokio::spawn(expire(app.clone(), call.id.clone()));
    Ok((call, token))
}

/// Fails the call when nobody has joined in time. Nothing joins yet: the
/// browser side is a later issue.
async fn expire(app: App, id: CallId) {
    tokio::time::sleep(JOIN_TIME).await;
    if let Some(owner) = app.calls().live.owner(&id) {
        close_surely(&app, owner, &id, Closing::unanswered(EndReason::DialNoAnswer, app.now())).await;
    }
}
