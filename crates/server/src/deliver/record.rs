//! Gathers what came of attempts and writes many at a time.
//!
//! While one transaction commits, the next batch gathers by itself; a first
//! result waits some milliseconds for others.

use std::time::Duration;

use offhook_store::{Attempt, Lease, StoreError};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

use crate::{app::App, error::Chain};

/// Most results of one transaction.
const BATCH: usize = 256;
/// How long a first result waits for others.
const GATHER: Duration = Duration::from_millis(3);
/// Pause between two tries while the database is away.
const PAUSE: Duration = Duration::from_millis(500);
/// How long results are kept while the database is away: until their leases are
/// about to end, after which they are worth nothing.
const PATIENCE: Duration = Duration::from_secs(140);

struct Reported {
    lease: Lease,
    attempt: Attempt,
    kept: oneshot::Sender<bool>,
}

/// Takes results. The writing task ends once every clone is gone.
#[derive(Debug, Clone)]
pub(super) struct Recorder(mpsc::Sender<Reported>);

impl Recorder {
    /// Starts the writing task.
    pub(super) fn start(app: App) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(BATCH);
        (Self(sender), tokio::spawn(write_all(app, receiver)))
    }

    /// Returns once the result is durable: whether it counted. False when the
    /// lease was lost, or the result could not be written.
    pub(super) async fn record(&self, lease: Lease, attempt: Attempt) -> bool {
        let (kept, answer) = oneshot::channel();
        if self.0.send(Reported { lease, attempt, kept }).await.is_err() {
            return false;
        }
        answer.await.unwrap_or(false)
    }
}

async fn write_all(app: App, mut results: mpsc::Receiver<Reported>) {
    while let Some(first) = results.recv().await {
        let mut batch = vec![first];
        let until = Instant::now() + GATHER;
        while batch.len() < BATCH {
            tokio::select! {
                next = results.recv() => match next {
                    Some(next) => batch.push(next),
                    None => break,
                },
                () = sleep_until(until) => break,
            }
        }
        write(&app, batch).await;
    }
}

async fn write(app: &App, batch: Vec<Reported>) {
    metrics::histogram!("offhook_webhook_record_batch")
        .record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
    let (results, kept): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|result| ((result.lease, result.attempt), result.kept)).unzip();
    match patiently(app, &results).await {
        Ok(ours) => {
            for ((kept, ours), (lease, _)) in kept.into_iter().zip(ours).zip(&results) {
                if !ours {
                    metrics::counter!("offhook_webhook_late_results_total").increment(1);
                    tracing::warn!(event.id = %lease.event_id, "a lease ran out before its result was written");
                }
                // Whoever waited may have been cut off by shutdown.
                let _gone = kept.send(ours);
            }
        }
        Err(error) => {
            tracing::error!(events = results.len(), error = %Chain(&error), "results of attempts are lost; they are repeated");
        }
    }
}

async fn patiently(app: &App, results: &[(Lease, Attempt)]) -> Result<Vec<bool>, StoreError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match app.store().record_attempts(results.to_vec()).await {
            Err(error) if error.is_temporary() && Instant::now() < until => {
                tracing::warn!(events = results.len(), error = %Chain(&error), "results of attempts wait for the database");
                sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}
