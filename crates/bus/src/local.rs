//! The bus of a single process: one bounded channel per watched call.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use offhook_model::id::CallId;
use tokio::sync::broadcast;
use tokio_stream::{
    Stream,
    wrappers::{BroadcastStream, errors::BroadcastStreamRecvError},
};

use crate::{BUFFER, LiveEvent, Signal};

type Topics = HashMap<CallId, broadcast::Sender<LiveEvent>>;

/// See [`crate::Bus::local`].
#[derive(Debug, Clone, Default)]
pub struct Local {
    topics: Arc<Mutex<Topics>>,
}

/// A subscription to [`Local`].
#[derive(Debug)]
pub struct Watcher {
    bus: Local,
    call: CallId,
    /// None only while dropping.
    events: Option<BroadcastStream<LiveEvent>>,
}

impl Local {
    pub(crate) fn publish(&self, call: &CallId, event: LiveEvent) {
        let mut topics = self.lock();
        let ended = matches!(event, LiveEvent::Ended(_));
        if let Some(topic) = topics.get(call) {
            // Fails only without watchers, who then miss nothing.
            let _watchers = topic.send(event);
        }
        if ended {
            // Watchers still read what is buffered, then see the end.
            topics.remove(call);
        }
    }

    pub(crate) fn subscribe(&self, call: &CallId) -> Watcher {
        let mut topics = self.lock();
        let topic = topics.entry(call.clone()).or_insert_with(|| broadcast::channel(BUFFER).0);
        let events = Some(BroadcastStream::new(topic.subscribe()));
        drop(topics);
        Watcher { bus: self.clone(), call: call.clone(), events }
    }

    pub(crate) fn topics(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream for Watcher {
    type Item = Signal;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        let Some(events) = &mut self.get_mut().events else { return Poll::Ready(None) };
        Pin::new(events).poll_next(cx).map(|next| {
            next.map(|event| match event {
                Ok(event) => Signal::Event(event),
                Err(BroadcastStreamRecvError::Lagged(_)) => Signal::Resync,
            })
        })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.events = None;
        let mut topics = self.bus.lock();
        if topics.get(&self.call).is_some_and(|topic| topic.receiver_count() == 0) {
            topics.remove(&self.call);
        }
    }
}
