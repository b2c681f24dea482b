//! One report into the database: in the name of the incarnation that held the
//! call, and with no effect when it is there already or the call is over.

use offhook_bus::LiveEvent;
use offhook_model::{
    Timestamp,
    call::CallState,
    id::TurnId,
    report::{CallReport, Ended, Role, Turn, WebhookExchange},
};
use offhook_store::{Attempt, StoreError, Verdict};

use crate::{
    app::App,
    calls::{
        end::{Closing, close_as},
        lost::give_up_if_lost,
    },
    spool::entry::Entry,
    webhooks::{Addressed, Written},
};

/// Whether a report that failed like this is kept for later.
#[must_use]
pub fn is_worth_trying_again(error: &StoreError) -> bool {
    error.is_temporary() || matches!(error, StoreError::Closed | StoreError::Aborted)
}

/// Writes a report down, and tells who watches. A call that was taken from
/// this process is hung up.
///
/// # Errors
/// What the store answered; then it may be done again.
pub async fn record(app: &App, entry: &Entry) -> Result<(), StoreError> {
    let had_effect = match &entry.report {
        CallReport::Ringing { at } => step(app, entry, CallState::Ringing, *at).await?,
        CallReport::Answered { at } => step(app, entry, CallState::Answered, *at).await?,
        CallReport::Turn(turn) => keep_turn(app, entry, turn).await?,
        CallReport::Exchange(exchange) => keep_exchange(app, entry, exchange).await?,
        CallReport::Ended(ended) => return end(app, entry, ended).await,
    };
    if !had_effect && entry.incarnation == app.calls().incarnation {
        give_up_if_lost(app, &entry.call).await?;
    }
    Ok(())
}

async fn step(app: &App, entry: &Entry, state: CallState, at: Timestamp) -> Result<bool, StoreError> {
    let Entry { incarnation, call, owner, .. } = entry;
    let changed = app.store().transition_call(incarnation, &owner.account, call, state, at).await?;
    if changed {
        app.calls().bus.publish(call, LiveEvent::State(state));
    }
    Ok(changed)
}

/// Stores a turn once, whatever the number of its reports; then shows it.
async fn keep_turn(app: &App, entry: &Entry, turn: &Turn) -> Result<bool, StoreError> {
    let Entry { incarnation, call, owner, .. } = entry;
    let id = TurnId::new(turn.at, rand::random());
    let is_new = app.store().append_turn(incarnation, &owner.account, call, &id, turn).await?;
    if is_new {
        measure(turn);
        app.calls().bus.publish(call, LiveEvent::Turn(turn.clone()));
    }
    Ok(is_new)
}

fn measure(turn: &Turn) {
    let Some(latency) = turn.latency.filter(|_| turn.role == Role::Agent) else { return };
    for (part, ms) in [
        ("end_of_turn", latency.end_of_turn_ms),
        ("stt", latency.stt_ms),
        ("brain", latency.brain_ms),
        ("tts", latency.tts_ms),
        ("playout", latency.playout_ms),
        ("total", latency.total_ms()),
    ] {
        metrics::histogram!("offhook_turn_latency_seconds", "part" => part).record(f64::from(ms) / 1000.0);
    }
}

/// One voice turn's exchange with the webhook becomes a row of the delivery log.
async fn keep_exchange(app: &App, entry: &Entry, exchange: &WebhookExchange) -> Result<bool, StoreError> {
    let Entry { incarnation, call, owner, .. } = entry;
    let to = Addressed {
        account: owner.account.clone(),
        target: owner.own_webhook.then(|| owner.agent.clone()),
        subject: Some(call.to_string()),
        order: None,
    };
    let event = to.written(Written {
        delivery_id: exchange.delivery_id.clone(),
        event: "agent.message".to_owned(),
        channel: "voice".to_owned(),
        agent: Some(owner.agent.clone()),
        body: exchange.request_body.clone(),
        at: exchange.at,
    });
    let attempt = Attempt {
        http_status: exchange.http_status,
        error: exchange.error.clone(),
        response_body: exchange.response_body.clone(),
        at: exchange.at,
        took: exchange.took,
        verdict: if succeeded(exchange) { Verdict::Success } else { Verdict::Failed },
    };
    match app.store().record_exchange(incarnation, call, event, attempt).await {
        // The same exchange, reported again.
        Err(StoreError::Conflict { .. }) => Ok(true),
        other => other,
    }
}

/// Whether the webhook answered an exchange with 2xx.
pub(super) fn succeeded(exchange: &WebhookExchange) -> bool {
    exchange.error.is_none() && exchange.http_status.is_some_and(|status| (200..300).contains(&status))
}

async fn end(app: &App, entry: &Entry, ended: &Ended) -> Result<(), StoreError> {
    let closing = Closing {
        reason: ended.reason,
        at: ended.at,
        talk_time: ended.talk_time,
        recorded: ended.recording.is_some(),
    };
    close_as(app, &entry.incarnation, &entry.owner.account, &entry.call, closing).await.map(drop)
}
