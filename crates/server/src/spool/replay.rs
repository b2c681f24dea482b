//! From the spool into the database.

use std::{collections::HashMap, time::Duration};

use futures::StreamExt as _;
use offhook_model::id::CallId;
use offhook_store::StoreError;
use tokio_util::sync::CancellationToken;

use super::{Spool, SpoolError, entry::Entry, keeper::Ask};
use crate::{
    app::App,
    calls::host::record::{is_worth_trying_again, record},
    error::Chain,
};

/// Pause between two looks while the database is away.
const PAUSE: Duration = Duration::from_millis(500);
/// Calls whose reports are written down at once.
const TOGETHER: usize = 16;

/// Why the spool is not empty yet.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The database is still away.
    #[error("the database does not take the spool's reports")]
    Store(#[from] StoreError),
    /// The file.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// Writes down what is in the spool whenever the database is there. Runs until
/// `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    let Some(spool) = app.calls().spool().cloned() else { return };
    loop {
        if spool.is_empty() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = spool.0.filled.notified() => {}
            }
        }
        if app.store_health().is_up()
            && let Err(error) = write_down(&app, &spool).await
        {
            tracing::debug!(error = %Chain(&error), "the spool waits");
        }
        if !spool.is_empty() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

/// Writes everything in the spool down, in order per call, and empties it.
/// Returns how many reports that were.
///
/// # Errors
/// [`ReplayError`]; what is left is tried again from there.
pub async fn write_down(app: &App, spool: &Spool) -> Result<u64, ReplayError> {
    let mut done = spool.0.done.lock().await;
    let mut written = 0;
    loop {
        let from = *done;
        let (entries, next) = spool.ask(|answer| Ask::Read { from, answer }).await?;
        if entries.is_empty() {
            if spool.ask(|answer| Ask::Empty { until: next, answer }).await? {
                *done = 0;
                break;
            }
            if next == from {
                // Something came at this moment, or cannot be read.
                return Err(SpoolError::Broken.into());
            }
            continue;
        }
        let count = entries.len() as u64;
        store(app, entries).await?;
        *done = next;
        written += count;
        spool.0.waiting.fetch_sub(count, std::sync::atomic::Ordering::SeqCst);
        metrics::gauge!("offhook_spool_reports").set(spool.waiting() as f64);
        metrics::counter!("offhook_spool_replayed_total").increment(count);
    }
    if written > 0 {
        tracing::info!(reports = written, "the spool's reports of calls are in the database");
    }
    Ok(written)
}

async fn store(app: &App, entries: Vec<Entry>) -> Result<(), StoreError> {
    let mut by_call: HashMap<CallId, Vec<Entry>> = HashMap::new();
    for entry in entries {
        by_call.entry(entry.call.clone()).or_default().push(entry);
    }
    let calls = by_call.into_values().map(|entries| async move {
        for entry in entries {
            one(app, &entry).await?;
        }
        Ok::<_, StoreError>(())
    });
    let mut results = futures::stream::iter(calls).buffer_unordered(TOGETHER);
    while let Some(result) = results.next().await {
        result?;
    }
    Ok(())
}

/// One report. Only what may succeed later is an error: one that never will
/// must not hold up the others.
async fn one(app: &App, entry: &Entry) -> Result<(), StoreError> {
    match record(app, entry).await {
        Ok(()) => Ok(()),
        Err(error) if is_worth_trying_again(&error) => Err(error),
        Err(error) => {
            tracing::error!(call.id = %entry.call, error = %Chain(&error), "a report of the spool cannot be stored");
            metrics::counter!("offhook_reports_lost_total", "kind" => entry.weight().as_str()).increment(1);
            Ok(())
        }
    }
}
