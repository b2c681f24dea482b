//! Attempts as they are written down, for whoever watches.
//!
//! Never the truth: a watcher that reads too slowly is told that it missed
//! some, and reads the log.

use std::sync::Arc;

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId},
};
use offhook_store::{Attempt, Delivery, DeliveryStatus, Verdict};
use tokio::sync::broadcast;

use super::endpoints::Standing;
use crate::app::App;

/// Attempts that wait for a slow watcher before it misses some.
const KEPT: usize = 512;

/// One attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempted {
    /// Whose.
    pub account: AccountId,
    /// The delivery.
    pub delivery_id: String,
    /// The event's name.
    pub event: String,
    /// Its channel.
    pub channel: String,
    /// The agent it belongs to.
    pub agent_id: Option<AgentId>,
    /// The agent whose own webhook got it.
    pub target: Option<AgentId>,
    /// Which attempt it was, over all rounds.
    pub attempt: u32,
    /// When it was sent.
    pub at: Timestamp,
    /// How long it took.
    pub took_ms: u64,
    /// HTTP status, when one came.
    pub http_status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// Where the delivery stands now.
    pub status: DeliveryStatus,
    /// When it is tried again.
    pub next_retry_at: Option<Timestamp>,
    /// How its endpoint does.
    pub standing: Standing,
    /// The body that was sent.
    pub body: String,
}

/// Where attempts are told.
#[derive(Debug, Clone)]
pub struct Feed(broadcast::Sender<Arc<Attempted>>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::channel(KEPT).0)
    }
}

impl Feed {
    /// Whether anybody watches; if not, nothing needs to be told.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Tells whoever watches.
    pub fn tell(&self, attempted: Attempted) {
        // Nobody may be left to hear it.
        let _heard = self.0.send(Arc::new(attempted));
    }

    /// From now on.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Arc<Attempted>> {
        self.0.subscribe()
    }
}

/// Tells of an attempt that was written down; `before` is the delivery without it.
pub(super) fn tell(app: &App, before: Delivery, attempt: Attempt) {
    let feed = &app.deliveries().feed;
    if !feed.is_watched() {
        return;
    }
    let event = before.event;
    let (status, next_retry_at) = match attempt.verdict {
        Verdict::Success => (DeliveryStatus::Success, None),
        Verdict::Failed => (DeliveryStatus::Failed, None),
        Verdict::RetryAt(at) => (DeliveryStatus::Pending, Some(at)),
    };
    feed.tell(Attempted {
        standing: app.deliveries().standing(&event.endpoint()),
        account: event.account_id,
        delivery_id: event.delivery_id,
        event: event.event_type,
        channel: event.channel,
        agent_id: event.agent_id,
        target: event.target,
        attempt: before.attempts.saturating_add(1),
        at: attempt.at,
        took_ms: u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
        http_status: attempt.http_status,
        error: attempt.error,
        status,
        next_retry_at,
        body: event.body,
    });
}
