//! Placing a call: admitted, committed, then dialled at most once.

use http::StatusCode;
use offhook_model::{
    agent::Agent,
    call::{CallState, Direction, EndReason},
    e164::E164,
    id::{AccountId, AgentId, CallId, NumberId},
    number::{Number, NumberStatus},
    plan::CallPlan,
};
use offhook_store::{Call, Failpoint, InsertCallError, StoreError};
use serde::Serialize;

use super::{
    charges,
    end::Closing,
    host::{report::close_surely, ways_to},
    live::{Owner, Stage},
    max_duration, new_call_id, party,
    plan::{self, CallOptions, PlanParts},
    recording_path,
};
use crate::{app::App, error::Chain, idempotency::promise};

/// A call somebody asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall {
    /// The agent that talks.
    pub agent_id: AgentId,
    /// Whom to call; not blocked.
    pub to: E164,
    /// Which number of the agent calls; none is the first attached.
    pub from_number_id: Option<NumberId>,
    /// What it sets over the agent.
    pub options: CallOptions,
}

/// Why a call is not placed.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// No such agent of this account.
    #[error("agent not found")]
    UnknownAgent,
    /// No such number of this account.
    #[error("phone number not found")]
    UnknownNumber,
    /// The number is not one of the agent's.
    #[error("the number is not attached to this agent")]
    WrongNumber,
    /// The agent has no number to call from.
    #[error("the agent has no active phone number")]
    NoNumber,
    /// Webhook mode, and no webhook.
    #[error(transparent)]
    NoWebhook(#[from] plan::NoWebhook),
    /// All of the account's calls are in use.
    #[error("{open} calls are in progress, as many as allowed")]
    Busy {
        /// How many.
        open: u32,
    },
    /// The balance does not cover a call.
    #[error("the balance does not cover a call")]
    InsufficientBalance,
    /// The process is about to stop.
    #[error("the process takes no new calls: it is about to stop")]
    Draining,
    /// The database is in no state to keep a call.
    #[error("the database cannot be used")]
    StoreAway,
    /// The engine is not up.
    #[error("the phone engine is not running")]
    NoPhone,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<InsertCallError> for CreateError {
    fn from(error: InsertCallError) -> Self {
        match error {
            InsertCallError::CapReached { open } => Self::Busy { open },
            InsertCallError::InsufficientBalance { .. } => Self::InsufficientBalance,
            InsertCallError::Store(error) => Self::Store(error),
        }
    }
}

/// Commits the call, then dials it in the background. The row returned is
/// the one committed; `view` shows it as the request is answered.
///
/// # Errors
/// [`CreateError`]; nothing was stored then.
pub async fn create<V: Serialize>(
    app: &App,
    account: &AccountId,
    new: NewCall,
    view: impl Fn(&Call) -> V + Send + Sync + 'static,
) -> Result<Call, CreateError> {
    takes_calls(app)?;
    let agent = app.store().agent(account, &new.agent_id).await?.ok_or(CreateError::UnknownAgent)?;
    let number = from_number(app, &agent, new.from_number_id.as_ref()).await?;
    if app.telephony().is_none() {
        return Err(CreateError::NoPhone);
    }
    let now = app.now();
    let call = Call {
        id: new_call_id(now),
        account_id: account.clone(),
        agent_id: Some(agent.id.clone()),
        agent_name: Some(agent.settings.name.clone()),
        number_id: Some(number.id.clone()),
        phone_number: Some(number.phone_number.to_string()),
        from: number.phone_number.to_string(),
        to: new.to.to_string(),
        direction: Direction::Outbound,
        state: CallState::Queued,
        started_at: now,
        answered_at: None,
        ended_at: None,
        talk_time: None,
        metadata: None,
        service: charges::service(&agent, &new.options),
        recording_disabled: new.options.disable_recording,
        recording: None,
        owner: app.calls().incarnation.clone(),
        checkpoint_at: None,
    };
    let webhook = app.store().effective_webhook(account, Some(&agent.id)).await?;
    let own_webhook = webhook.as_ref().is_some_and(|webhook| webhook.agent_id.is_some());
    let party = party::look_up(app.store(), account, Some(&number.id), Some(new.to.as_str())).await?;
    let plan = plan::build(PlanParts {
        call_id: call.id.clone(),
        agent: &agent,
        number_id: call.number_id.clone(),
        from: call.from.clone(),
        to: call.to.clone(),
        direction: call.direction,
        webhook,
        party,
        options: new.options,
        max_duration: max_duration(app),
        recording: recording_path(app, &call.id).await,
    })?;
    promise(StatusCode::OK, {
        let call = call.clone();
        move |refusal: &Option<InsertCallError>| refusal.is_none().then(|| view(&call))
    });
    app.store().admit_call(&call, charges::terms(app)).await?;
    let owner = Owner { account: account.clone(), agent: agent.id, own_webhook };
    app.calls().live.add(&call.id, owner, Stage::Starting);
    metrics::counter!("offhook_calls_started_total", "direction" => "outbound").increment(1);
    tracing::info!(call.id = %call.id, direction = "outbound", "call started");
    tokio::spawn(place(app.clone(), account.clone(), plan, new.to));
    Ok(call)
}

/// Whether this process may begin a call at all.
pub(super) fn takes_calls(app: &App) -> Result<(), CreateError> {
    if app.draining().is_cancelled() {
        return Err(CreateError::Draining);
    }
    if !app.store_health().is_up() {
        return Err(CreateError::StoreAway);
    }
    Ok(())
}

/// The number asked for, else the first attached to the agent.
async fn from_number(app: &App, agent: &Agent, asked: Option<&NumberId>) -> Result<Number, CreateError> {
    let Some(asked) = asked else {
        let numbers = app.store().agent_numbers(&agent.account_id, &agent.id).await?;
        return numbers.into_iter().next().ok_or(CreateError::NoNumber);
    };
    let number = app.store().number(&agent.account_id, asked).await?.ok_or(CreateError::UnknownNumber)?;
    if number.agent_id.as_ref() == Some(&agent.id) && number.status == NumberStatus::Active {
        Ok(number)
    } else {
        Err(CreateError::WrongNumber)
    }
}

/// Dials a committed call, unless it was ended meanwhile. That it dials is
/// committed before anything leaves, so that no crash makes it dial again.
async fn place(app: App, account: AccountId, plan: CallPlan, to: E164) {
    let id = plan.call_id.clone();
    let failed = match try_place(&app, &account, plan, &to).await {
        Ok(()) => return,
        Err(reason) => reason,
    };
    // Gone when somebody else has closed it.
    if let Some(owner) = app.calls().live.owner(&id) {
        close_surely(&app, owner, &id, Closing::unanswered(failed, app.now())).await;
    }
}

async fn try_place(app: &App, account: &AccountId, plan: CallPlan, to: &E164) -> Result<(), EndReason> {
    let id: CallId = plan.call_id.clone();
    let broken = |error: StoreError| {
        tracing::error!(call.id = %id, error = %Chain(&error), "a call could not be dialled");
        EndReason::Error
    };
    let ways = ways_to(app, &plan.from, to).await.map_err(broken)?;
    if ways.is_empty() {
        tracing::warn!(call.id = %id, "no way leads to the number called");
        return Err(EndReason::DialFailed);
    }
    let phone = app.telephony().ok_or(EndReason::Error)?;
    app.calls().live.hand_over(&id)?;
    let dialling =
        app.store().transition_call(&app.calls().incarnation, account, &id, CallState::Dialing, app.now());
    if !dialling.await.map_err(broken)? {
        return Err(EndReason::Error);
    }
    Failpoint::Dial.pass().await;
    let dialled = phone.dial(plan, ways).await;
    Failpoint::Dialled.pass().await;
    dialled.map_err(|error| {
        tracing::warn!(call.id = %id, error = %Chain(&error), "the engine did not take a call");
        EndReason::DialFailed
    })
}
