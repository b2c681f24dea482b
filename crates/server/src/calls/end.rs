//! The end of calls: the one place where a call is closed, and hanging up on
//! request.

use std::time::Duration;

use offhook_bus::{CallEnded, LiveEvent, Signal};
use offhook_model::{
    Timestamp,
    call::{CallInput, EndReason},
    id::{AccountId, CallId},
};
use offhook_store::{Blobs, Call, EndCall, StoreError};
use tokio::time::Instant;

use super::{
    charges,
    ended_event::{End, call_ended},
    host::report::close_surely,
    live::EndRequest,
    party,
};
use crate::{app::App, error::Chain};

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

/// Closes a call of this process: its row and its `agent.call_ended` in one
/// transaction, then the live world is told. False when it was over before, or
/// is not ours.
///
/// # Errors
/// What the store answered; nothing has changed then, and it may be tried again.
pub async fn close(
    app: &App,
    account: &AccountId,
    id: &CallId,
    closing: Closing,
) -> Result<bool, StoreError> {
    close_as(app, &app.calls().incarnation, account, id, closing).await
}

/// Closes a call in the name of `owner`, the incarnation that held it.
///
/// # Errors
/// See [`close`].
pub async fn close_as(
    app: &App,
    owner: &str,
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
            owner: owner.to_owned(),
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
            // Nobody here has it: another process, which will notice, or a dead one.
            let closing = Closing { talk_time: talk_time(&call, app.now()), ..unanswered_now(app) };
            if !close_as(app, &call.owner, account, id, closing).await? {
                return Err(HangUpError::NotInProgress);
            }
        }
        EndRequest::TellEngine => {
            tokio::spawn(tell_engine(app.clone(), id.clone()));
        }
    }
    Ok(call)
}

fn unanswered_now(app: &App) -> Closing {
    Closing::unanswered(EndReason::ApiHangup, app.now())
}

/// Tells the engine until it knows the call: the hand-over may still be on
/// its way. A call it never learns of is closed here.
async fn tell_engine(app: App, id: CallId) {
    let deadline = Instant::now() + ENGINE_PATIENCE;
    while let Some(owner) = app.calls().live.owner(&id) {
        if let Some(phone) = app.telephony()
            && phone.hang_up(&id, EndReason::ApiHangup).await
        {
            return;
        }
        if Instant::now() >= deadline {
            return close_surely(&app, owner, &id, unanswered_now(&app)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// From answer to `end`; zero without an answer.
pub(super) fn talk_time(call: &Call, end: Timestamp) -> Duration {
    let Some(answered) = call.answered_at else { return Duration::ZERO };
    end.duration_since(answered).try_into().unwrap_or(Duration::ZERO)
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
