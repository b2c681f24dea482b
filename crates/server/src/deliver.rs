//! Delivers events to webhooks: at least once, and durably (contract
//! `webhooks.md` §5).
//!
//! | step | file |
//! |---|---|
//! | what may be sent now, and whose it is | [`claim`] |
//! | how much each endpoint gets, and when it rests | [`endpoints`] |
//! | one signed request, what it means, when it is repeated | [`attempt`], [`outcome`], [`schedule`] |
//! | writing down what came of it | [`record`] |
//! | telling whoever watches | [`feed`] |
//!
//! The outbox is the store's: an event is there because it was committed with
//! the change it tells of. First attempts and retries have lanes of their own.
//! A worker that dies leaves its leases to run out; the event then goes out
//! again under the same `X-Webhook-ID`.

pub mod attempt;
mod claim;
pub mod endpoints;
pub mod feed;
pub mod outcome;
mod record;
mod runtime;
pub mod schedule;
mod wake;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use offhook_model::{Timestamp, webhook::Webhook};
use offhook_store::{Attempt, ClaimedEvent, Endpoint, Failpoint, Lane, StoreError, Verdict};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{app::App, calls::lost::SILENCE, error::Chain};
use attempt::{Outgoing, attempt};
use claim::{Taken, Turn};
use endpoints::Used;
use outcome::{Outcome, Tried};
use record::Recorder;
use runtime::Slot;
use schedule::Schedule;
use wake::Alarm;

pub use endpoints::DeliverySettings;
pub use runtime::DeliveryRuntime;

/// How long a claimed event is ours: the longest timeout a webhook may have,
/// 120 s, and time to write the result down.
const LEASE: Duration = Duration::from_secs(150);
/// Pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Least time between two looks at the outbox: what happens meanwhile is
/// claimed together.
const PACE: Duration = Duration::from_millis(5);

/// The delivery worker.
#[derive(Debug, Clone)]
pub struct Deliverer {
    app: App,
    schedule: Schedule,
}

/// A lane at work.
struct Work {
    lane: Lane,
    places: usize,
    turn: Turn,
    running: JoinSet<()>,
    /// Something due was left in the last pass.
    is_hungry: bool,
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
        let (recorder, recording) = Recorder::start(self.app.clone());
        let mut lanes = self.lanes();
        let mut alarm = Alarm::default();
        let started = Instant::now();
        let mut releases = [Duration::ZERO, SILENCE + Duration::from_secs(5)].into_iter().peekable();
        while !stop.is_cancelled() {
            if releases.next_if(|after| started.elapsed() >= *after).is_some() {
                self.release_dead_leases().await;
            }
            let passed = Instant::now();
            let mut pause = Duration::ZERO;
            let mut claimed = 0;
            for work in &mut lanes {
                match self.pass(work, &recorder).await {
                    Ok(count) => claimed += count,
                    Err(error) => {
                        tracing::warn!(error = %Chain(&error), "the outbox cannot be read");
                        pause = STORE_PAUSE;
                    }
                }
            }
            self.measure(&lanes);
            let is_hungry = lanes.iter().any(|work| work.is_hungry);
            if claimed == 0 || !is_hungry {
                let sleep = if pause.is_zero() { alarm.sleep(&self.app).await } else { pause };
                let [first, retry] = &mut lanes;
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.app.calls().outbox.notified(), if pause.is_zero() => {}
                    Some(_) = first.running.join_next(), if is_hungry && pause.is_zero() => {}
                    Some(_) = retry.running.join_next(), if is_hungry && pause.is_zero() => {}
                    () = tokio::time::sleep(sleep) => {}
                }
            }
            tokio::time::sleep(PACE.saturating_sub(passed.elapsed())).await;
        }
        drop(recorder);
        let drained = async {
            for work in &mut lanes {
                while work.running.join_next().await.is_some() {}
            }
            recording.await
        };
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
        let (recorder, recording) = Recorder::start(self.app.clone());
        let mut count = 0;
        let mut lanes = self.lanes();
        for work in &mut lanes {
            count += self.pass(work, &recorder).await?;
        }
        drop(recorder);
        for work in &mut lanes {
            while work.running.join_next().await.is_some() {}
        }
        // It ends with its last sender, and those are gone.
        let _ended = recording.await;
        Ok(count)
    }

    fn lanes(&self) -> [Work; 2] {
        Lane::ALL.map(|lane| Work {
            lane,
            places: self.app.settings().deliveries.of_lane(lane) as usize,
            turn: Turn::default(),
            running: JoinSet::new(),
            is_hungry: false,
        })
    }

    /// Fills a lane's free places; how many.
    async fn pass(&self, work: &mut Work, recorder: &Recorder) -> Result<usize, StoreError> {
        while work.running.try_join_next().is_some() {}
        let room = work.places.saturating_sub(work.running.len());
        if room == 0 {
            work.is_hungry = true;
            return Ok(0);
        }
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let pass = claim::claim(&self.app, work.lane, room, &mut work.turn).await?;
        work.is_hungry = pass.left_some;
        let count = pass.taken.len();
        if count > 0 {
            self.send(pass.taken, work, recorder).await;
        }
        Ok(count)
    }

    /// Sends what was claimed, each to its webhook as that is *now*: its owner
    /// may have changed address or secret since the event was written.
    async fn send(&self, taken: Vec<Taken>, work: &mut Work, recorder: &Recorder) {
        let endpoints: HashSet<Endpoint> =
            taken.iter().map(|(claimed, _)| claimed.delivery.event.endpoint()).collect();
        let webhooks = match self.app.store().webhooks_of(&endpoints).await {
            Ok(webhooks) => webhooks,
            Err(error) => {
                tracing::warn!(events = taken.len(), error = %Chain(&error), "events wait for their leases to run out");
                return;
            }
        };
        let webhooks: HashMap<Endpoint, Arc<Webhook>> =
            webhooks.into_iter().map(|(endpoint, webhook)| (endpoint, Arc::new(webhook))).collect();
        for (claimed, slot) in taken {
            let webhook = webhooks.get(&claimed.delivery.event.endpoint()).cloned();
            work.running.spawn(self.clone().deliver(claimed, webhook, slot, recorder.clone()));
        }
    }

    /// One attempt, and what follows from it.
    async fn deliver(
        self,
        claimed: ClaimedEvent,
        webhook: Option<Arc<Webhook>>,
        slot: Slot,
        recorder: Recorder,
    ) {
        let at = self.app.now();
        let started = Instant::now();
        let event = &claimed.delivery.event;
        if claimed.lane == Lane::First {
            let waited = Duration::try_from(at.duration_since(event.created_at)).unwrap_or_default();
            metrics::histogram!("offhook_webhook_first_attempt_delay_seconds").record(waited.as_secs_f64());
        }
        let (tried, used) = match &webhook {
            Some(webhook) => {
                let out =
                    Outgoing { delivery_id: &event.delivery_id, event: &event.event_type, body: &event.body };
                Failpoint::WebhookPost.pass().await;
                let tried = attempt(self.app.fetch(), webhook, out, at).await;
                Failpoint::WebhookPosted.pass().await;
                let used = if tried.outcome == Outcome::Retry { Used::Failed } else { Used::Answered };
                (tried, used)
            }
            None => (deleted(), Used::Unused),
        };
        let took = started.elapsed();
        if slot.used(used, self.app.now()) {
            metrics::counter!("offhook_webhook_breaker_opened_total").increment(1);
            tracing::warn!(account.id = %event.account_id, "a webhook that keeps failing gets a rest");
        }
        let outcome = tried.outcome;
        let verdict = self.verdict(outcome, claimed.attempts.saturating_add(1));
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
        if recorder.record(claimed.lease.clone(), attempt.clone()).await {
            if matches!(attempt.verdict, Verdict::RetryAt(_)) {
                // Something is due at a moment the worker does not know of.
                self.app.calls().outbox.notify_one();
            }
            feed::tell(&self.app, claimed.delivery, attempt);
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

    /// What a process that died had claimed is due now.
    async fn release_dead_leases(&self) {
        let now = self.app.now();
        let silent_since = match self.app.store().kind() {
            // The only process is this one.
            offhook_store::Db::Sqlite => now,
            offhook_store::Db::Postgres => {
                // Signs of life are written by the database's clock.
                earlier(self.app.store().clock(now).await.unwrap_or(now), SILENCE)
            }
        };
        match self.app.store().release_dead_leases(&self.app.calls().incarnation, now, silent_since).await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "deliveries that a dead process had begun are sent again"),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "leases of dead processes run out by themselves")
            }
        }
    }

    fn measure(&self, lanes: &[Work; 2]) {
        for work in lanes {
            let count = u32::try_from(work.running.len()).unwrap_or(u32::MAX);
            metrics::gauge!("offhook_webhook_in_flight", "lane" => work.lane.as_str()).set(count);
        }
        let open = u32::try_from(self.app.deliveries().with(|all| all.open())).unwrap_or(u32::MAX);
        metrics::gauge!("offhook_webhook_breakers_open").set(open);
    }
}

/// What comes of an event whose webhook is gone (contract §5).
fn deleted() -> Tried {
    Tried {
        http_status: None,
        error: Some("the webhook was deleted".to_owned()),
        response_body: None,
        outcome: Outcome::Permanent,
    }
}

fn later(now: Timestamp, delay: Duration) -> Timestamp {
    let millis = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(now.as_millisecond().saturating_add(millis)).unwrap_or(Timestamp::MAX)
}

pub(crate) fn earlier(now: Timestamp, by: Duration) -> Timestamp {
    let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(now.as_millisecond().saturating_sub(millis)).unwrap_or(Timestamp::UNIX_EPOCH)
}
