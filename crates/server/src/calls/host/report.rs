//! Takes what the engine reports, and keeps it: in the database, or in the
//! spool while that is away.

use std::time::Duration;

use offhook_model::{
    call::EndReason,
    id::CallId,
    report::{CallReport, Ended},
};
use tokio::time::sleep;

use super::record::{is_worth_trying_again, record, succeeded};
use crate::{
    app::App,
    calls::{end::Closing, live::Owner},
    error::Chain,
    spool::entry::{Entry, Weight},
};

/// First and longest pause between two tries of an end that the spool did not
/// take.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

pub(super) async fn report(app: &App, call: CallId, report: CallReport) {
    let Some(owner) = app.calls().live.owner(&call) else {
        return forgotten(app, &call, &report).await;
    };
    match &report {
        CallReport::Exchange(exchange) => {
            let outcome = if succeeded(exchange) { "success" } else { "failed" };
            metrics::counter!("offhook_voice_turns_total", "outcome" => outcome).increment(1);
        }
        CallReport::Ended(_) => app.calls().live.over(&call),
        _ => {}
    }
    keep(app, Entry { incarnation: app.calls().incarnation.clone(), call, owner, report: clean(report) })
        .await;
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

/// Words come from models and recognisers; PostgreSQL cannot store NUL.
fn clean(report: CallReport) -> CallReport {
    match report {
        CallReport::Turn(mut turn) if turn.text.contains('\0') => {
            turn.text = turn.text.replace('\0', "");
            CallReport::Turn(turn)
        }
        other => other,
    }
}

/// Closes a call of this process that had no conversation, now or when the
/// database is back: an open row would hold one of the account's calls.
pub async fn close_surely(app: &App, owner: Owner, call: &CallId, closing: Closing) {
    app.calls().live.over(call);
    let ended =
        Ended { reason: closing.reason, at: closing.at, talk_time: closing.talk_time, recording: None };
    let entry = Entry {
        incarnation: app.calls().incarnation.clone(),
        call: call.clone(),
        owner,
        report: CallReport::Ended(ended),
    };
    keep(app, entry).await;
}

/// Writes a report down, or keeps it for when the database is back. What is in
/// the spool already goes first: a call's reports keep their order.
async fn keep(app: &App, entry: Entry) {
    let spool = app.calls().spool();
    if app.store_health().is_up() && spool.is_none_or(|spool| spool.is_empty()) {
        match record(app, &entry).await {
            Ok(()) => return,
            Err(error) if is_worth_trying_again(&error) => {
                tracing::debug!(call.id = %entry.call, error = %Chain(&error), "a report could not be stored yet");
            }
            Err(error) => {
                tracing::error!(call.id = %entry.call, error = %Chain(&error), "a report of a call could not be stored");
                return lost(&entry);
            }
        }
    }
    if let Some(spool) = spool
        && spool.keep(&entry).await.is_ok()
    {
        return;
    }
    if entry.weight() == Weight::End {
        // A few hundred bytes for each call there is: memory holds them.
        tokio::spawn(until_stored(app.clone(), entry));
    } else {
        lost(&entry);
        tracing::error!(call.id = %entry.call, kind = entry.weight().as_str(), "a report of a call is lost: neither the database nor the spool took it");
    }
}

fn lost(entry: &Entry) {
    metrics::counter!("offhook_reports_lost_total", "kind" => entry.weight().as_str()).increment(1);
}

/// Tries for as long as the process lives; the next one finds the call open.
async fn until_stored(app: App, entry: Entry) {
    let mut pause = PAUSES.0;
    while let Err(error) = record(&app, &entry).await {
        if !is_worth_trying_again(&error) {
            tracing::error!(call.id = %entry.call, error = %Chain(&error), "the end of a call could not be stored");
            return lost(&entry);
        }
        sleep(pause).await;
        pause = (2 * pause).min(PAUSES.1);
    }
}
