//! Hands over what waits: above a line's rate, behind a carrier that was away,
//! or written by the platform itself.
//!
//! Of each number one message at a time is on its way, in the order of
//! acceptance. The store is the queue; any node may take from it.

use std::time::Duration;

use offhook_store::{SendClaim, StoreError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::submit;
use crate::{app::App, error::Chain};

/// Messages on their way at once.
const IN_FLIGHT: usize = 64;
/// Longest sleep between two looks: other nodes put messages into the queue, too.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
/// Pause while all that is due waits behind others.
const BEHIND: Duration = Duration::from_millis(100);
/// Pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Hands over until `stop`, then lets what is on its way arrive.
pub async fn run(app: App, stop: CancellationToken) {
    let mut running = JoinSet::new();
    while !stop.is_cancelled() {
        while running.try_join_next().is_some() {}
        let sleep = match claim(&app, IN_FLIGHT - running.len().min(IN_FLIGHT)).await {
            Ok(claimed) if !claimed.is_empty() => {
                for (claim, attempt) in claimed {
                    running.spawn(hand_over(app.clone(), claim, attempt));
                }
                continue;
            }
            Ok(_) => until_next(&app).await,
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "the queue of messages cannot be read");
                STORE_PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = app.messaging().queue.notified() => {}
            _ = running.join_next(), if !running.is_empty() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
    // Their outcome would be unknown for ever.
    if tokio::time::timeout(submit::PATIENCE, async { while running.join_next().await.is_some() {} })
        .await
        .is_err()
    {
        tracing::warn!("messages were cut off by shutdown; they count as unconfirmed");
    }
}

/// One pass over what is due now: closes what dead processes left, hands over
/// the first of each number, and returns how many these were.
///
/// # Errors
/// What the store answered.
pub async fn pass(app: &App) -> Result<usize, StoreError> {
    let mut running = JoinSet::new();
    for (claim, attempt) in claim(app, IN_FLIGHT).await? {
        running.spawn(hand_over(app.clone(), claim, attempt));
    }
    Ok(running.join_all().await.len())
}

async fn claim(app: &App, limit: usize) -> Result<Vec<(SendClaim, u32)>, StoreError> {
    let now = app.now();
    let lost = app.store().close_lost_sends(now).await?;
    if lost > 0 {
        metrics::counter!("offhook_messages_lost_total").increment(lost.into());
        tracing::warn!(messages = lost, "messages of a dead process count as unconfirmed");
    }
    if limit == 0 {
        return Ok(Vec::new());
    }
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    app.store().claim_sends(&app.calls().incarnation, now, submit::LEASE, limit).await
}

async fn hand_over(app: App, claim: SendClaim, attempt: u32) {
    let found = async {
        let Some(message) = app.store().queued_message(&claim.message_id).await? else { return Ok(None) };
        let conversation = app.store().conversation(&message.account_id, &message.conversation_id).await?;
        Ok::<_, StoreError>(conversation.map(|conversation| (message, conversation)))
    };
    match found.await {
        Ok(Some((message, conversation))) => {
            submit::hand_over(&app, &claim, attempt, &message, &conversation).await;
        }
        Ok(None) => tracing::error!(message.id = %claim.message_id, "a queued message is gone"),
        Err(error) => {
            // Nothing left, but the lease cannot be given back either.
            tracing::error!(message.id = %claim.message_id, error = %Chain(&error), "a message could not be read; it will count as unconfirmed");
        }
    }
}

async fn until_next(app: &App) -> Duration {
    match app.store().next_send_due().await {
        Ok(Some(due)) => {
            let wait = Duration::try_from(due.duration_since(app.now())).unwrap_or(Duration::ZERO);
            // What is due already waits behind another of its number: one on
            // its way, whose end wakes us, or one that waits to be tried again.
            if wait.is_zero() { BEHIND } else { wait.min(LONGEST_SLEEP) }
        }
        Ok(None) => LONGEST_SLEEP,
        Err(_) => STORE_PAUSE,
    }
}
