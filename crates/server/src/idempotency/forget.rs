//! Forgets keys whose time is over.

use std::time::Duration;

use offhook_model::Timestamp;
use offhook_store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::{app::App, error::Chain};

/// Time between two passes.
const PAUSE: Duration = Duration::from_secs(10 * 60);
/// Rows dropped in one transaction.
const BATCH: u32 = 500;

/// Drops old keys now and then, until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(error = %Chain(&error), "old idempotency keys could not be dropped");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Drops every key older than [`crate::Settings::idempotency_window`]; how many.
///
/// # Errors
/// What the store answered.
pub async fn sweep(app: &App) -> Result<u64, StoreError> {
    let until = app.now().checked_sub(app.settings().idempotency_window).unwrap_or(Timestamp::MIN);
    let mut dropped = 0;
    loop {
        let batch = app.store().forget_idempotency(until, BATCH).await?;
        dropped += batch;
        if batch < u64::from(BATCH) {
            return Ok(dropped);
        }
    }
}
