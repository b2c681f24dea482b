//! Whether an arriving INVITE is answered, and by which agent.

use offhook_engine::host::{Admission, Arrival};
use offhook_model::{
    call::{CallState, Direction, EndReason},
    e164::E164,
};
use offhook_store::{Call, InboundRoute, InsertCallError, StoreError};

use crate::{
    app::App,
    calls::{
        blocked::is_blocked,
        charges,
        end::Closing,
        host::{known, report::close_surely},
        live::{Owner, Stage},
        max_duration, new_call_id, party,
        plan::{self, CallOptions, PlanParts},
        recording_path,
    },
    error::Chain,
};

/// Longest caller name that is kept, characters.
const CALLER_CHARS: usize = 64;

const NOT_FOUND: Admission = Admission::Reject { status: 404, reason: "Not Found" };
const FORBIDDEN: Admission = Admission::Reject { status: 403, reason: "Forbidden" };
const NO_AGENT: Admission = Admission::Reject { status: 480, reason: "Temporarily Unavailable" };
/// There is no more telling word: 402 means something else to phones.
const UNPAID: Admission = Admission::Reject { status: 480, reason: "Temporarily Unavailable" };
const PROVE: Admission = Admission::Reject { status: 407, reason: "Proxy Authentication Required" };
const BUSY: Admission = Admission::Reject { status: 486, reason: "Busy Here" };
const UNAVAILABLE: Admission = Admission::Reject { status: 503, reason: "Service Unavailable" };

/// Decides an arrival; an answered call's row is committed before this returns.
pub(super) async fn admit(app: &App, arrival: Arrival) -> Admission {
    if !app.store_health().is_up() {
        return UNAVAILABLE;
    }
    if is_blocked(&arrival.dialled) {
        return FORBIDDEN;
    }
    let Ok(dialled) = E164::from_dialled(&arrival.dialled) else { return NOT_FOUND };
    let decision = match app.store().route(&dialled).await {
        Ok(Some(route)) => answer(app, &arrival, route).await,
        Ok(None) => connect(app, &arrival, &dialled).await,
        Err(error) => Err(error),
    };
    decision.unwrap_or_else(|error| {
        tracing::error!(error = %Chain(&error), sip.call_id = arrival.sip_call_id, "an arriving call cannot be decided");
        UNAVAILABLE
    })
}

/// A number of ours was dialled.
async fn answer(app: &App, arrival: &Arrival, route: InboundRoute) -> Result<Admission, StoreError> {
    let InboundRoute { number, agent } = route;
    let Some(agent) = agent else { return Ok(NO_AGENT) };
    let now = app.now();
    let call = Call {
        id: new_call_id(now),
        account_id: agent.account_id.clone(),
        agent_id: Some(agent.id.clone()),
        agent_name: Some(agent.settings.name.clone()),
        number_id: Some(number.id.clone()),
        phone_number: Some(number.phone_number.to_string()),
        from: caller_as_shown(&arrival.caller),
        to: number.phone_number.to_string(),
        direction: Direction::Inbound,
        state: CallState::Dialing,
        started_at: now,
        answered_at: None,
        ended_at: None,
        talk_time: None,
        metadata: None,
        service: charges::service(&agent, &CallOptions::default()),
        recording_disabled: false,
        recording: None,
        owner: app.calls().incarnation.clone(),
        checkpoint_at: None,
    };
    let webhook = app.store().effective_webhook(&agent.account_id, Some(&agent.id)).await?;
    let own_webhook = webhook.as_ref().is_some_and(|webhook| webhook.agent_id.is_some());
    let party = party::look_up(app.store(), &agent.account_id, Some(&number.id), Some(&call.from)).await?;
    let plan = plan::build(PlanParts {
        call_id: call.id.clone(),
        agent: &agent,
        number_id: call.number_id.clone(),
        from: call.from.clone(),
        to: call.to.clone(),
        direction: call.direction,
        webhook,
        party,
        options: CallOptions::default(),
        max_duration: max_duration(app),
        recording: recording_path(app, &call.id).await,
    });
    let Ok(plan) = plan else {
        tracing::warn!(call.id = %call.id, agent.id = %agent.id, "a webhook agent without a webhook was called");
        refuse(app, &call, EndReason::Error).await?;
        return Ok(NO_AGENT);
    };
    match app.store().admit_call(&call, charges::terms(app)).await {
        Ok(()) => {}
        Err(InsertCallError::CapReached { open }) => {
            tracing::warn!(call.id = %call.id, open, "a call was refused: all of the account's calls are in use");
            refuse(app, &call, EndReason::ConcurrencyLimitReached).await?;
            return Ok(BUSY);
        }
        Err(InsertCallError::InsufficientBalance { .. }) => {
            tracing::warn!(call.id = %call.id, "a call was refused: the account's balance does not cover it");
            refuse(app, &call, EndReason::NoValidPayment).await?;
            return Ok(UNPAID);
        }
        Err(InsertCallError::Store(error)) => return Err(error),
    }
    let owner = Owner { account: agent.account_id, agent: agent.id, own_webhook };
    app.calls().live.add(&call.id, owner, Stage::Engine);
    metrics::counter!("offhook_calls_started_total", "direction" => "inbound").increment(1);
    tracing::info!(call.id = %call.id, direction = "inbound", sip.call_id = arrival.sip_call_id, "call started");
    Ok(Admission::Answer(Box::new(plan)))
}

/// Stores a call that is refused, with its event.
async fn refuse(app: &App, call: &Call, reason: EndReason) -> Result<(), StoreError> {
    // On no terms there is no other refusal.
    if let Err(InsertCallError::Store(error)) = app.store().insert_call(call, None).await {
        return Err(error);
    }
    metrics::counter!("offhook_calls_started_total", "direction" => "inbound").increment(1);
    if let Some(agent) = call.agent_id.clone() {
        let owner = Owner { account: call.account_id.clone(), agent, own_webhook: false };
        close_surely(app, owner, &call.id, Closing::unanswered(reason, call.started_at)).await;
    }
    Ok(())
}

/// A number of nobody here was dialled: handsets and test numbers of the
/// simulated network, for handsets that have shown who they are (others are
/// asked to) and for programs on this machine. Never a trunk: that would be a
/// free phone.
async fn connect(app: &App, arrival: &Arrival, dialled: &E164) -> Result<Admission, StoreError> {
    let trusted = arrival.handset.is_some() || arrival.source.ip().to_canonical().is_loopback();
    if !app.calls().routing().is_sim() {
        return Ok(NOT_FOUND);
    }
    let caller = arrival.handset.as_deref().unwrap_or(&arrival.caller);
    let known = known(app, dialled).await?;
    let ways = app.calls().routing().inside(caller, dialled, &known);
    Ok(match (ways.is_empty(), trusted) {
        (true, _) => NOT_FOUND,
        (false, false) => PROVE,
        (false, true) => Admission::Connect(ways),
    })
}

/// E.164 when it can be read as such, else the text, made safe to store.
fn caller_as_shown(caller: &str) -> String {
    if let Ok(number) = E164::from_dialled(caller) {
        return number.to_string();
    }
    let text: String = caller.chars().filter(|c| !c.is_control()).take(CALLER_CHARS).collect();
    let text = text.trim();
    if text.is_empty() { "anonymous".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_shown_as_numbers_where_they_are_numbers() {
        for (caller, shown) in [
            ("+14155550100", "+14155550100"),
            ("4155550100", "+14155550100"),
            ("alice", "alice"),
            ("", "anonymous"),
            ("\0\u{7}", "anonymous"),
        ] {
            assert_eq!(caller_as_shown(caller), shown);
        }
        assert_eq!(caller_as_shown(&"x".repeat(500)).len(), CALLER_CHARS);
    }
}
