//! Live events of calls, between the call and whoever watches it.
//!
//! The bus is lossy and never the truth: it wakes and informs, the store
//! knows. A watcher subscribes first, then reads the store, then follows the
//! bus and drops what it has seen; on [`Signal::Resync`] it reads the store
//! again. One process uses [`Bus::local`]; nodes will share a NATS server.

mod local;

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use offhook_model::{Timestamp, call::CallState, id::CallId, report::Turn};
use tokio_stream::{Stream, StreamExt as _};

/// Events a watcher may lag behind before it must resynchronise.
///
/// 256: some minutes of conversation; a browser that reads slower is stuck.
pub const BUFFER: usize = 256;

/// Something that happened in a call.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveEvent {
    /// It dials, rings or was answered.
    State(CallState),
    /// A turn was finished, and is stored.
    Turn(Turn),
    /// It is over, and its end is stored. The last event.
    Ended(CallEnded),
}

/// The end of a call, as the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallEnded {
    /// [`CallState::Completed`] or [`CallState::Failed`].
    pub state: CallState,
    /// When.
    pub at: Timestamp,
    /// From answer to end.
    pub talk_time: Duration,
}

/// What a watcher gets.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// The next event.
    Event(LiveEvent),
    /// Events were lost, because the watcher was slow: read the store again.
    Resync,
}

/// The way events travel. Cheap to clone; clones are the same bus.
#[derive(Debug, Clone)]
pub enum Bus {
    /// Inside this process.
    Local(local::Local),
}

impl Bus {
    /// A bus inside this process (`BUS__URL` unset).
    #[must_use]
    pub fn local() -> Self {
        Self::Local(local::Local::default())
    }

    /// Tells a call's watchers. Never waits; without watchers nothing happens.
    pub fn publish(&self, call: &CallId, event: LiveEvent) {
        match self {
            Self::Local(local) => local.publish(call, event),
        }
    }

    /// Watches a call from now on. The stream ends after [`LiveEvent::Ended`];
    /// for a call that is over already it never yields, so look in the store
    /// after subscribing.
    #[must_use]
    pub fn subscribe(&self, call: &CallId) -> Subscription {
        match self {
            Self::Local(local) => Subscription::Local(local.subscribe(call)),
        }
    }

    /// How many calls are being watched.
    #[must_use]
    pub fn watched_calls(&self) -> usize {
        match self {
            Self::Local(local) => local.topics(),
        }
    }
}

/// A watcher's view of a call; dropping it ends the watching.
#[derive(Debug)]
pub enum Subscription {
    /// Of [`Bus::Local`].
    Local(local::Watcher),
}

impl Subscription {
    /// The next signal; none after the call's end.
    pub async fn next(&mut self) -> Option<Signal> {
        match self {
            Self::Local(watcher) => watcher.next().await,
        }
    }
}

impl Stream for Subscription {
    type Item = Signal;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        match self.get_mut() {
            Self::Local(watcher) => Pin::new(watcher).poll_next(cx),
        }
    }
}
