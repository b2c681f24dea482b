//! Releases numbers whose time is over (`expiresAt`, contract §3.2).

use std::time::Duration;

use offhook_model::Timestamp;
use offhook_store::{Page, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{app::App, error::Chain, numbers};

/// Numbers read in one go.
const BATCH: u32 = 100;
/// Longest sleep between two looks: other nodes give numbers ends, too.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// Pause after the store failed, or the carrier kept a number.
const PAUSE: Duration = Duration::from_secs(10);

/// Releases numbers as they fall due, until `stop`. What the carrier or the
/// store refuses is tried again.
pub async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let now = app.now();
        let sleep = match release_due(&app, now).await {
            Ok(0) => until_next(&app, now).await,
            Ok(_) => until_next(&app, now).await.min(PAUSE),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "numbers that are due cannot be read");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = app.number_ends().notified() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

/// One pass over what is due by `now`; how many numbers could not be released. One
/// that cannot does not hold up the others.
///
/// # Errors
/// What the store answered when it was asked what is due.
pub async fn release_due(app: &App, now: Timestamp) -> Result<u32, StoreError> {
    let mut kept = 0;
    loop {
        let due = app.store().expired_numbers(now, Page { limit: BATCH, offset: kept }).await?;
        let is_last = due.len() < BATCH as usize;
        for number in due {
            if let Err(error) = numbers::release_expired(app, &number, now).await {
                kept += 1;
                tracing::error!(number.id = %number.id, code = error.code().as_str(), "a number that is due could not be released");
            }
        }
        if is_last {
            return Ok(kept);
        }
    }
}

/// Until the first number falls due that was not yet at the last look.
async fn until_next(app: &App, looked_at: Timestamp) -> Duration {
    match app.store().next_number_expiry(looked_at).await {
        Ok(Some(due)) => {
            let wait = Duration::try_from(due.duration_since(app.now())).unwrap_or(Duration::ZERO);
            wait.clamp(Duration::from_millis(10), LONGEST_SLEEP)
        }
        Ok(None) => LONGEST_SLEEP,
        Err(_) => PAUSE,
    }
}
