//! Signs of life, and the calls of a process that gives none any more.
//!
//! Every start is an incarnation. Every few seconds it writes that it lives,
//! and of each of its calls that it is up: where such a call ends, should the
//! process die. A call that it does not hold any more was taken from it: it
//! was declared dead, hangs up and writes nothing.

use std::time::Duration;

use offhook_model::{
    Timestamp,
    call::EndReason,
    id::{AccountId, CallId},
};
use offhook_store::{Call, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::end::{Closing, close_as, talk_time};
use crate::{
    app::App,
    error::Chain,
    spool::replay::{self, ReplayError},
};

/// A process silent for this long has died, where several share a database.
pub const SILENCE: Duration = Duration::from_secs(15);
/// Time between two signs of life, and so the most that a lost call's end is
/// behind the truth.
const HEARTBEAT: Duration = Duration::from_secs(4);
/// Lost calls closed in one go.
const BATCH: u32 = 100;

/// Closes what an earlier process left open, then keeps giving signs of life
/// and, on a shared database, watches for other processes that die. Runs
/// until `stop`.
pub async fn keep(app: App, stop: CancellationToken) {
    let mut watch = Watch { first: true, steady_since: None };
    loop {
        match watch.pass(&app).await {
            Ok(()) => {
                watch.first = false;
                watch.steady_since.get_or_insert_with(Instant::now);
            }
            Err(error) => {
                watch.steady_since = None;
                tracing::warn!(error = %Chain(&error), "the sign of life could not be stored");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(HEARTBEAT) => {}
        }
    }
}

struct Watch {
    first: bool,
    /// Since when the database has taken our own signs of life. After an
    /// outage everybody's are old: the others get the time to give theirs again.
    steady_since: Option<Instant>,
}

impl Watch {
    async fn pass(&self, app: &App) -> Result<(), StoreError> {
        let alone = app.store().kind() == offhook_store::Db::Sqlite;
        let now = app.store().clock(app.now()).await?;
        let silent_since = if alone { now } else { now - SILENCE };
        let incarnation = &app.calls().incarnation;
        app.store().heartbeat(incarnation, now).await?;
        if self.first {
            // Calls that ended while the database was away end as they did.
            from_spool(app).await?;
        }
        checkpoint(app).await?;
        let may_judge = !alone && self.steady_since.is_some_and(|since| since.elapsed() >= SILENCE);
        if may_judge || (alone && self.first) {
            let closed = close_lost(app, silent_since).await?;
            if closed > 0 {
                tracing::warn!(calls = closed, "closed calls that a dead process left open");
            }
            app.store().forget_incarnations(incarnation, silent_since).await?;
        }
        Ok(())
    }
}

/// Writes down what an earlier start left in the spool.
async fn from_spool(app: &App) -> Result<(), StoreError> {
    let Some(spool) = app.calls().spool().filter(|spool| !spool.is_empty()) else { return Ok(()) };
    match replay::write_down(app, spool).await {
        Ok(_) => Ok(()),
        Err(ReplayError::Store(error)) => Err(error),
        Err(ReplayError::Spool(error)) => {
            tracing::error!(error = %Chain(&error), "the spool of an earlier start cannot be read");
            Ok(())
        }
    }
}

/// Writes of every call in progress that it is up, and hangs up those that
/// were taken from this process. Returns how many were.
///
/// # Errors
/// What the store answered.
pub async fn checkpoint(app: &App) -> Result<usize, StoreError> {
    let calls = app.calls();
    let up = calls.live.up();
    let taken = app.store().checkpoint_calls(&calls.incarnation, app.now(), &up).await?;
    let mut cut = 0;
    for call in taken {
        cut += usize::from(give_up(app, &call).await);
    }
    Ok(cut)
}

/// A write found that this process does not hold the call any more: hangs it
/// up, unless it is only just over. True when it was running.
pub async fn give_up(app: &App, call: &CallId) -> bool {
    app.calls().live.forget(call);
    let Some(phone) = app.telephony() else { return false };
    let was_running = phone.hang_up(call, EndReason::NodeLost).await;
    if was_running {
        metrics::counter!("offhook_calls_taken_total").increment(1);
        tracing::warn!(call.id = %call, "the call was closed by somebody else, who took this process for dead; hanging up");
    }
    was_running
}

/// As [`give_up`], if the call is really lost: a write also has no effect when
/// it comes twice or late.
///
/// # Errors
/// What the store answered.
pub async fn give_up_if_lost(app: &App, call: &CallId) -> Result<(), StoreError> {
    if !app.store().holds_call(&app.calls().incarnation, call).await? {
        give_up(app, call).await;
    }
    Ok(())
}

/// Closes open calls of processes not seen since `silent_since`, with their
/// events. Returns how many were closed.
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
            let at = last_seen(app, &call.account_id, &call).await?;
            let closing = Closing {
                reason: EndReason::NodeLost,
                at,
                talk_time: talk_time(&call, at),
                recorded: !call.recording_disabled,
            };
            closed += usize::from(close_as(app, &call.owner, &call.account_id, &call.id, closing).await?);
        }
        if closed == before {
            // Somebody else closes them; the next pass sees what is left.
            return Ok(closed);
        }
    }
}

/// The last moment a call is known to have been up: its last checkpoint. One
/// that died before its first, or of an older version, ends at its last turn,
/// its answer or its beginning.
async fn last_seen(app: &App, account: &AccountId, call: &Call) -> Result<Timestamp, StoreError> {
    let seen = match call.checkpoint_at {
        Some(at) => Some(at),
        None => app.store().turns(account, &call.id).await?.last().map(|stored| stored.turn.at),
    };
    Ok(seen.max(call.answered_at).unwrap_or(call.started_at).max(call.started_at))
}
