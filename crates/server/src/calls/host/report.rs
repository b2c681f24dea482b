//! Writes down what the engine reports, and tells who watches.

use std::{future::Future, time::Duration};

use offhook_bus::LiveEvent;
use offhook_model::{
    Timestamp,
    call::{CallState, EndReason},
    id::{CallId, TurnId},
    report::{CallReport, Ended, Role, Turn, WebhookExchange},
};
use offhook_store::{Attempt, StoreError, Verdict};
use tokio::time::{Instant, sleep};

use crate::{
    app::App,
    calls::{
        end::{Closing, close},
        live::Owner,
        lost::give_up_if_lost,
    },
    error::Chain,
    webhooks::{Addressed, Written},
};

/// How long a report is kept while the database is away; then it is lost.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// The end of a call is kept for as long as the process lives: an open row
/// would hold one of the account's calls. The next process finds it open.
const PATIENCE_FOR_THE_END: Duration = Duration::from_secs(365 * 24 * 3600);
/// First and longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

pub(super) async fn report(app: &App, call: CallId, report: CallReport) {
    let Some(owner) = app.calls().live.owner(&call) else {
        return forgotten(app, &call, &report).await;
    };
    let result = match report {
        CallReport::Ringing { at } => step(app, &owner, &call, CallState::Ringing, at).await,
        CallReport::Answered { at } => step(app, &owner, &call, CallState::Answered, at).await,
        CallReport::Turn(turn) => keep_turn(app, &owner, &call, clean(turn)).await,
        CallReport::Exchange(exchange) => keep_exchange(app, &owner, &call, &exchange).await,
        CallReport::Ended(ended) => end(app, &owner, &call, &ended).await,
    };
    if let Err(error) = result {
        tracing::error!(call.id = %call, error = %Chain(&error), "a report of a call could not be stored");
    }
}

/// The call's row was closed before the engine had it: nobody would ever hang
/// it up, and nothing it says is kept.
async fn forgotten(app: &App, call: &CallId, report: &CallReport) {
    if matches!(report, CallReport::Ended(_)) {
        return;
    }
    tracing::warn!(call.id = %call, "a call that is over goes on; hanging up");
    if let Some(phone) = app.telephony() {
        phone.hang_up(call, EndReason::Error).await;
    }
}

async fn step(
    app: &App,
    owner: &Owner,
    call: &CallId,
    state: CallState,
    at: Timestamp,
) -> Result<(), StoreError> {
    let me = &app.calls().incarnation;
    let changed =
        patiently(PATIENCE, || app.store().transition_call(me, &owner.account, call, state, at)).await?;
    if !changed {
        return give_up_if_lost(app, call).await;
    }
    app.calls().bus.publish(call, LiveEvent::State(state));
    Ok(())
}

/// Stores a turn once, whatever the number of its reports; then shows it.
async fn keep_turn(app: &App, owner: &Owner, call: &CallId, turn: Turn) -> Result<(), StoreError> {
    let id = TurnId::new(turn.at, rand::random());
    let me = &app.calls().incarnation;
    if !patiently(PATIENCE, || app.store().append_turn(me, &owner.account, call, &id, &turn)).await? {
        return give_up_if_lost(app, call).await;
    }
    measure(&turn);
    app.calls().bus.publish(call, LiveEvent::Turn(turn));
    Ok(())
}

/// Words come from models and recognisers; PostgreSQL cannot store NUL.
fn clean(mut turn: Turn) -> Turn {
    if turn.text.contains('\0') {
        turn.text = turn.text.replace('\0', "");
    }
    turn
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
async fn keep_exchange(
    app: &App,
    owner: &Owner,
    call: &CallId,
    exchange: &WebhookExchange,
) -> Result<(), StoreError> {
    let ok =
        exchange.error.is_none() && exchange.http_status.is_some_and(|status| (200..300).contains(&status));
    let outcome = if ok { "success" } else { "failed" };
    metrics::counter!("offhook_voice_turns_total", "outcome" => outcome).increment(1);
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
        verdict: if ok { Verdict::Success } else { Verdict::Failed },
    };
    let me = &app.calls().incarnation;
    match patiently(PATIENCE, || app.store().record_exchange(me, call, event.clone(), attempt.clone())).await
    {
        Ok(true) => Ok(()),
        Ok(false) => give_up_if_lost(app, call).await,
        // The same exchange, reported again.
        Err(StoreError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn end(app: &App, owner: &Owner, call: &CallId, ended: &Ended) -> Result<(), StoreError> {
    app.calls().live.over(call);
    let closing = Closing {
        reason: ended.reason,
        at: ended.at,
        talk_time: ended.talk_time,
        recorded: ended.recording.is_some(),
    };
    patiently(PATIENCE_FOR_THE_END, || close(app, &owner.account, call, closing)).await.map(drop)
}

/// Tries again while the database is away.
async fn patiently<T, F>(patience: Duration, mut operation: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let deadline = Instant::now() + patience;
    let mut pause = PAUSES.0;
    loop {
        match operation().await {
            Err(error) if error.is_temporary() && Instant::now() < deadline => {
                tracing::warn!(error = %Chain(&error), "the store is away; a report waits");
                sleep(pause).await;
                pause = (2 * pause).min(PAUSES.1);
            }
            other => return other,
        }
    }
}
