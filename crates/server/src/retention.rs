//! Removes what accounts do not want kept any longer.
//!
//! Every node sweeps; two at once find the same rows and remove them once. A
//! batch is one short transaction, so that nobody waits for it. What was removed
//! is counted in `offhook_retention_removed_total` and leaves an entry in the
//! account's audit log.

use std::time::Duration;

use offhook_model::{
    Timestamp,
    erasure::Places,
    id::AccountId,
    retention::{Retention, days},
};
use offhook_store::{AboutDeliveries, AuditEntry, AuditSource, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{app::App, erasure, error::Chain};

/// Time between two sweeps.
const PAUSE: Duration = Duration::from_secs(3600);
/// Before the first: a start has better things to do.
const AT_FIRST: Duration = Duration::from_secs(60);
/// Things of one transaction.
const BATCH: u32 = 50;
/// Accounts read at once.
const ACCOUNTS: u32 = 200;

/// Sweeps now and then, until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    let mut pause = AT_FIRST;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = PAUSE;
        tokio::select! {
            () = stop.cancelled() => return,
            swept = sweep(&app) => {
                if let Err(error) = swept {
                    tracing::warn!(error = %Chain(&error), "what is too old could not be removed");
                }
            }
        }
    }
}

/// What an account keeps, and for how long: what it set, else what the operator did.
///
/// # Errors
/// What the store answered.
pub async fn in_force(app: &App, account: &AccountId) -> Result<Retention, StoreError> {
    Ok(app.store().retention(account).await?.unwrap_or(app.settings().retention.defaults))
}

/// Goes through every account once; what was removed.
///
/// # Errors
/// The first failure of the store or the files; the next sweep goes on.
pub async fn sweep(app: &App) -> Result<Places, erasure::ErasureError> {
    let mut removed = Places::default();
    let mut after = AccountId::from("");
    loop {
        let accounts = app.store().account_ids(&after, ACCOUNTS).await?;
        let Some(last) = accounts.last().cloned() else { return Ok(removed) };
        for account in &accounts {
            let kept = in_force(app, account).await?;
            let now = app.now();
            let gone = sweep_account(app, account, kept, now).await?;
            if !gone.is_empty() {
                note(app, account, &gone, now).await?;
            }
            removed += gone;
        }
        after = last;
    }
}

async fn sweep_account(
    app: &App,
    account: &AccountId,
    kept: Retention,
    now: Timestamp,
) -> Result<Places, erasure::ErasureError> {
    let mut gone = Places::default();
    let before = |age: Option<u32>| age.and_then(|age| now.checked_sub(days(age)).ok());
    if let Some(before) = before(kept.recordings) {
        loop {
            let calls = app.store().calls_with_recording(account, before, BATCH).await?;
            for call in &calls {
                gone.recordings += u64::from(erasure::recording(app, account, &call.id).await?);
            }
            if calls.len() < BATCH as usize {
                break;
            }
        }
    }
    if let Some(before) = before(kept.transcripts) {
        loop {
            let calls = app.store().calls_with_words(account, before, BATCH).await?;
            for call in &calls {
                gone += app.store().erase_words(account, &call.id, now, false).await?;
            }
            if calls.len() < BATCH as usize {
                break;
            }
        }
    }
    if let Some(before) = before(kept.messages) {
        loop {
            let messages = app.store().messages_before(account, before, BATCH).await?;
            let is_last = messages.len() < BATCH as usize;
            let removed = erasure::messages(app, account, messages).await?;
            gone += removed;
            if is_last || removed.messages == 0 {
                break;
            }
        }
    }
    for (voice, age) in [(true, kept.voice_deliveries()), (false, kept.text_deliveries())] {
        if let Some(before) = before(age) {
            let about = AboutDeliveries::Settled { before, voice };
            gone.deliveries += erasure::deliveries(app, account, &about, true).await?;
        }
    }
    Ok(gone)
}

async fn note(app: &App, account: &AccountId, gone: &Places, now: Timestamp) -> Result<(), StoreError> {
    for (what, count) in [
        ("recordings", gone.recordings),
        ("turns", gone.turns),
        ("messages", gone.messages),
        ("media", gone.media),
        ("deliveries", gone.deliveries),
    ] {
        metrics::counter!("offhook_retention_removed_total", "what" => what).increment(count);
    }
    tracing::info!(
        account.id = %account,
        recordings = gone.recordings,
        turns = gone.turns,
        messages = gone.messages,
        media = gone.media,
        deliveries = gone.deliveries,
        "removed what the account does not keep any longer"
    );
    app.store()
        .append_audit(vec![AuditEntry {
            account_id: account.clone(),
            at: now,
            source: AuditSource::Worker,
            key_id: None,
            key_account_id: None,
            operation: "applyRetention".to_owned(),
            method: "WORKER".to_owned(),
            route: "retention".to_owned(),
            resource_id: None,
            within_id: None,
            address: None,
            status: None,
            request_id: None,
        }])
        .await
}
