//! Delivers events to webhooks: at least once, and durably (contract
//! `webhooks.md` §5).
//!
//! The outbox is the store's: an event is there because it was committed with
//! the change it tells of. The worker claims what is due under a lease, sends
//! it to the webhook as it is *now*, and records what came of it. A worker
//! that dies leaves its leases to run out; the event then goes out again under
//! the same `X-Webhook-ID`.

pub mod attempt;
pub mod outcome;
pub mod schedule;

use std::time::{Duration, Instant};

use offhook_model::Timestamp;
use offhook_store::{Attempt, ClaimedEvent, Failpoint, StoreError, Verdict};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{app::App, error::Chain};
use attempt::{Outgoing, attempt};
use outcome::{Outcome, Tried};
use schedule::Schedule;

/// Requests under way at once.
const IN_FLIGHT: usize = 64;
/// How long a claimed event is ours: the longest timeout a webhook may have,
/// 120 s, and time to write the result down.
const LEASE: Duration = Duration::from_secs(150);
/// Longest sleep between two looks at the outbox.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);
/// Pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// The delivery worker.
#[derive(Debug, Clone)]
pub struct Deliverer {
    app: App,
    schedule: Schedule,
}

impl Deliverer {
    /// A worker of `app`, with the retry delays of its settings.
    #[must_use]
    pub fn new(app: App) -> Self {
        let schedule = Schedule::new(app.settings().retry_delays.clone());
        Self { app, schedule }
    }

    /// Delivers until `stop`, then lets requests under way end for at most
    /// [`crate::Settings::drain`]; what is cut off goes out again later.
    pub async fn run(self, stop: CancellationToken) {
        let mut running = JoinSet::new();
        while !stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            let free = IN_FLIGHT - running.len().min(IN_FLIGHT);
            let claimed = if free > 0 { self.claim(free).await } else { Ok(Vec::new()) };
            let sleep = match claimed {
                Ok(claimed) if !claimed.is_empty() => {
                    for event in claimed {
                        running.spawn(self.clone().deliver(event));
                    }
                    continue;
                }
                Ok(_) if free == 0 => LONGEST_SLEEP,
                Ok(_) => self.until_next_due().await,
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "the outbox cannot be read");
                    STORE_PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.app.calls().outbox.notified(), if free > 0 => {}
                _ = running.join_next(), if !running.is_empty() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
        let drained = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(self.app.settings().drain, drained).await.is_err() {
            tracing::warn!("deliveries were cut off by shutdown; they will be sent again");
        }
    }

    /// One pass over what is due now: claims it, delivers it, and returns how
    /// many attempts were made.
    ///
    /// # Errors
    /// What the store answered to the claim.
    pub async fn deliver_due(&self) -> Result<usize, StoreError> {
        let mut running = JoinSet::new();
        for event in self.claim(IN_FLIGHT).await? {
            running.spawn(self.clone().deliver(event));
        }
        Ok(running.join_all().await.len())
    }

    async fn claim(&self, limit: usize) -> Result<Vec<ClaimedEvent>, StoreError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.app.store().claim_events(&self.app.calls().incarnation, self.app.now(), LEASE, limit).await
    }

    async fn until_next_due(&self) -> Duration {
        match self.app.store().next_event_due().await {
            Ok(Some(due)) => {
                let wait = due.duration_since(self.app.now());
                Duration::try_from(wait)
                    .unwrap_or(Duration::ZERO)
                    .clamp(Duration::from_millis(10), LONGEST_SLEEP)
            }
            Ok(None) => LONGEST_SLEEP,
            Err(_) => STORE_PAUSE,
        }
    }

    /// One attempt, and what follows from it.
    async fn deliver(self, claimed: ClaimedEvent) {
        let at = self.app.now();
        let started = Instant::now();
        let event = &claimed.delivery.event;
        // The webhook as it is now: its owner may have changed address or
        // secret since the event was written.
        let tried = match self.app.store().webhook(&event.account_id, event.target.as_ref()).await {
            Ok(Some(webhook)) => {
                let out =
                    Outgoing { delivery_id: &event.delivery_id, event: &event.event_type, body: &event.body };
                Failpoint::WebhookPost.pass().await;
                let tried = attempt(self.app.fetch(), &webhook, out, at).await;
                Failpoint::WebhookPosted.pass().await;
                tried
            }
            Ok(None) => Tried {
                http_status: None,
                error: Some("the webhook was deleted".to_owned()),
                response_body: None,
                outcome: Outcome::Permanent,
            },
            Err(error) => {
                tracing::warn!(event.id = %event.id, error = %Chain(&error), "an event waits for its lease to run out");
                return;
            }
        };
        let took = started.elapsed();
        let outcome = tried.outcome;
        let verdict = self.verdict(outcome, claimed.delivery.attempts.saturating_add(1));
        metrics::counter!("offhook_webhook_attempts_total", "outcome" => outcome.as_str()).increment(1);
        metrics::histogram!("offhook_webhook_attempt_seconds").record(took.as_secs_f64());
        if verdict == Verdict::Failed {
            metrics::counter!("offhook_webhook_events_failed_total").increment(1);
            tracing::warn!(event.id = %event.id, status = tried.http_status, "an event was given up");
        }
        let attempt = Attempt {
            http_status: tried.http_status,
            error: tried.error,
            response_body: tried.response_body,
            at,
            took,
            verdict,
        };
        match self.app.store().record_attempt(&claimed.lease, &attempt).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(event.id = %event.id, "a lease ran out before its result was written")
            }
            Err(error) => {
                tracing::error!(event.id = %event.id, error = %Chain(&error), "an attempt's result is lost; it is repeated")
            }
        }
    }

    fn verdict(&self, outcome: Outcome, attempt: u32) -> Verdict {
        match outcome {
            Outcome::Success => Verdict::Success,
            Outcome::Permanent => Verdict::Failed,
            Outcome::Retry => match self.schedule.delay_after(attempt, rand::random()) {
                Some(delay) => Verdict::RetryAt(later(self.app.now(), delay)),
                None => Verdict::Failed,
            },
        }
    }
}

fn later(now: Timestamp, delay: Duration) -> Timestamp {
    let millis = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(now.as_millisecond().saturating_add(millis)).unwrap_or(Timestamp::MAX)
}
