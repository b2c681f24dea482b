//! The end of calls: the one place where a call is closed, hanging up on
//! request, and the calls of a process that died.

use std::time::Duration;

use offhook_bus::{CallEnded, LiveEvent, Signal};
use offhook_model::{
    Timestamp,
    call::{CallInput, EndReason},
    id::{AccountId, CallId},
};
use offhook_store::{Blobs, Call, EndCall, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    charges,
    ended_event::{End, call_ended},
    live::EndRequest,
    party,
};
use crate::{app::App, error::Chain};

/// A process silent for this long has died, where several share a database.
pub const SILENCE: Duration = Duration::from_secs(15);
/// Time between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Lost calls closed in one go.
const BATCH: u32 = 100;
/// How long the engine may take to learn of a call before its end is written here.
const ENGINE_PATIENCE: Duration = Duration::from_secs(3);
/// Somebody waiting for an end looks this often, should its news be lost.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Why, when and with what a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// Why.
    pub reason: EndReason,
    /// When.
    pub at: Timestamp,
    /// From answer to end.
    pub talk_time: Duration,
    /// Whether a recording was written.
    pub recorded: bool,
}

impl Closing {
    /// The end of a call that was never answered.
    #[must_use]
    pub fn unanswered(reason: EndReason, at: Timestamp) -> Self {
        Self { reason, at, talk_time: Duration::ZERO, recorded: false }
    }
}

/// Closes a call: its row and its `agent.call_ended` in one transaction, then
/// the live world is told. False when it was over before.
///
/// # Errors
/// What the store answered; nothing has changed then, and it may be tried again.
pub async fn close(
    app: &App,
    account: &AccountId,
    id: &CallId,
    closing: Closing,
) -> Result<bool, StoreError> {
    let Some(call) = app.store().call(account, id).await? else { return Ok(false) };
    let Ok(state) = call.state.on(CallInput::End(closing.reason)) else {
        app.calls().live.forget(id);
        return Ok(false);
    };
    let mut events = Vec::new();
    if let Some(webhook) = app.store().effective_webhook(account, call.agent_id.as_ref()).await? {
        let turns = app.store().turns(account, id).await?.into_iter().map(|stored| stored.turn);
        let other = party::other_side(call.direction, &call.from, &call.to);
        let party = party::look_up(app.store(), account, call.number_id.as_ref(), other).await?;
        let end = End { state, at: closing.at, talk_time: closing.talk_time };
        match call_ended(&call, end, turns, party, &webhook, app.now()) {
            Ok(event) => events.push(event),
            Err(error) => {
                tracing::error!(call.id = %id, error = %Chain(&error), "the call's last event cannot be written")
            }
        }
    }
    let recording =
        if closing.recorded && !call.recording_disabled { recording_name(app, id).await } else { None };
    let ended = app
        .store()
        .end_call(EndCall {
            account_id: account.clone(),
            call_id: id.clone(),
            state,
            at: closing.at,
            talk_time: closing.talk_time,
            charges: charges::of_ended(app.settings(), &call, &closing, recording.is_some()),
            recording,
            events,
        })
        .await?;
    app.calls().live.forget(id);
    if ended {
        let ended = CallEnded { state, at: closing.at, talk_time: closing.talk_time };
        app.calls().bus.publish(id, LiveEvent::Ended(ended));
        app.calls().outbox.notify_one();
        metrics::counter!("offhook_calls_ended_total", "reason" => closing.reason.as_str()).increment(1);
        metrics::histogram!("offhook_call_seconds").record(closing.talk_time.as_secs_f64());
        tracing::info!(
            call.id = %id,
            reason = closing.reason.as_str(),
            duration_ms = closing.talk_time.as_millis() as u64,
            "call ended"
        );
    }
    Ok(ended)
}

/// The name of a recording that is really there.
async fn recording_name(app: &App, id: &CallId) -> Option<String> {
    let blobs = Blobs::open(app.settings().recordings.clone()?).await.ok()?;
    blobs.recording(id).await.ok().flatten()?;
    blobs.recording_name(id).ok()
}

/// Why a call cannot be ended on request.
#[derive(Debug, thiserror::Error)]
pub enum HangUpError {
    /// No such call of this account.
    #[error("call not found")]
    Unknown,
    /// It is over, or about to be.
    #[error("the call is not in progress")]
    NotInProgress,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends a call for an API client; the end itself comes a little later.
///
/// # Errors
/// [`HangUpError`].
pub async fn hang_up(app: &App, account: &AccountId, id: &CallId) -> Result<Call, HangUpError> {
    let call = app.store().call(account, id).await?.ok_or(HangUpError::Unknown)?;
    if call.state.end_reason().is_some() {
        return Err(HangUpError::NotInProgress);
    }
    match app.calls().live.ask_end(id, EndReason::ApiHangup) {
        EndRequest::Already => return Err(HangUpError::NotInProgress),
        EndRequest::Noted => {}
        EndRequest::EndHere => {
            let closing = Closing { talk_time: talk_time(&call, app.now()), ..unanswered_now(app) };
            if !close(app, account, id, closing).await? {
                return Err(HangUpError::NotInProgress);
            }
        }
        EndRequest::TellEngine => {
            tokio::spawn(tell_engine(app.clone(), account.clone(), id.clone()));
        }
    }
    Ok(call)
}

fn unanswered_now(app: &App) -> Closing {
    Closing::unanswered(EndReason::ApiHangup, app.now())
}

/// Tells the engine until it knows the call: the hand-over may still be on
/// its way. A call it never learns of is closed here.
async fn tell_engine(app: App, account: AccountId, id: CallId) {
    let deadline = Instant::now() + ENGINE_PATIENCE;
    while app.calls().live.owner(&id).is_some() {
        if let Some(phone) = app.telephony()
            && phone.hang_up(&id, EndReason::ApiHangup).await
        {
            return;
        }
        if Instant::now() >= deadline {
            if let Err(error) = close(&app, &account, &id, unanswered_now(&app)).await {
                tracing::error!(call.id = %id, error = %Chain(&error), "a call asked to end could not be closed");
            }
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// From answer to `end`; zero without an answer.
fn talk_time(call: &Call, end: Timestamp) -> Duration {
    let Some(answered) = call.answered_at else { return Duration::ZERO };
    end.duration_since(answered).try_into().unwrap_or(Duration::ZERO)
}

/// Closes open calls of processes not seen since `silent_since`, with their
/// events. A lost call ends where it was last heard of: at its last turn, its
/// answer or its beginning. Returns how many were closed.
///
/// # Errors
/// What the store answered; what was closed before stays closed.
pub async fn close_lost(app: &App, silent_since: Timestamp) -> Result<usize, StoreError> {
    let mut closed = 0;
    loop {
        let lost = app.store().lost_calls(&app.calls().incarnation, silent_since, BATCH).await?;
        if lost.is_empty() {
            return Ok(closed);
        }
        let before = closed;
        for call in lost {
            let turns = app.store().turns(&call.account_id, &call.id).await?;
            let heard = turns.last().map(|stored| stored.turn.at).or(call.answered_at);
            let at = heard.unwrap_or(call.started_at).max(call.started_at);
            let closing = Closing {
                reason: EndReason::NodeLost,
                at,
                talk_time: talk_time(&call, at),
                recorded: !call.recording_disabled,
            };
            closed += usize::from(close(app, &call.account_id, &call.id, closing).await?);
        }
        if closed == before {
            // Somebody else closes them; the next pass sees what is left.
            return Ok(closed);
        }
    }
}

/// Closes what an earlier process left open, then keeps giving signs of life
/// and, on a shared database, watches for other processes that die. Runs
/// until `stop`.
pub async fn keep(app: App, stop: CancellationToken) {
    let alone = app.store().kind() == offhook_store::Db::Sqlite;
    let mut first = true;
    // Since when the database has taken our own signs of life. After an outage
    // everybody's are old: the others get the time to give theirs again.
    let mut steady_since: Option<Instant> = None;
    loop {
        let now = app.now();
        let silent_since = if alone { now } else { now - SILENCE };
        let incarnation = &app.calls().incarnation;
        let may_judge = !alone && steady_since.is_some_and(|since| since.elapsed() >= SILENCE);
        let pass = async {
            app.store().heartbeat(incarnation, now).await?;
            if may_judge || (alone && first) {
                let closed = close_lost(&app, silent_since).await?;
                if closed > 0 {
                    tracing::warn!(calls = closed, "closed calls that a dead process left open");
                }
                app.store().forget_incarnations(incarnation, silent_since).await?;
            }
            Ok::<_, StoreError>(())
        };
        match pass.await {
            Ok(()) => {
                first = false;
                steady_since.get_or_insert_with(Instant::now);
            }
            Err(error) => {
                steady_since = None;
                tracing::warn!(error = %Chain(&error), "the sign of life could not be stored");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(HEARTBEAT) => {}
        }
    }
}

/// Waits until a call is over, at most for `limit`; then whatever it is.
/// None when the account has no such call.
///
/// # Errors
/// What the store answered.
pub async fn wait_until_over(
    app: &App,
    account: &AccountId,
    id: &CallId,
    limit: Duration,
) -> Result<Option<Call>, StoreError> {
    let deadline = Instant::now() + limit;
    // Subscribed before the row is read: an end in between is not missed.
    let mut signals = app.calls().bus.subscribe(id);
    loop {
        let Some(call) = app.store().call(account, id).await? else { return Ok(None) };
        if call.state.end_reason().is_some() || Instant::now() >= deadline {
            return Ok(Some(call));
        }
        let news = async {
            // Turns and states do not matter; the end, and having missed signals, do.
            while let Some(Signal::Event(LiveEvent::State(_) | LiveEvent::Turn(_))) = signals.next().await {}
        };
        let look_again = deadline.min(Instant::now() + LOOK_AGAIN);
        // A subscription that is over must not make this a busy loop.
        if tokio::time::timeout_at(look_again, news).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
