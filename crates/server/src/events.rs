//! Live events of calls, for whoever watches one now.
//!
//! Nothing here is truth: the store is. A watcher subscribes first, then
//! reads the store, then drops live turns it has already seen; one that is
//! too slow is told so and reads the store again.

pub mod sse;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use offhook_model::{id::CallId, report::Turn};
use tokio::sync::broadcast;

/// Events a watcher may lag behind before it must read the store again.
const BUFFER: usize = 256;

/// Something that was just committed.
#[derive(Debug, Clone)]
pub enum CallEvent {
    /// The call's state changed; it is not over.
    State,
    /// A turn was finished.
    Turn(Turn),
    /// The call is over.
    Ended,
}

/// Who watches which call. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct CallEvents {
    watched: Arc<Mutex<HashMap<CallId, broadcast::Sender<CallEvent>>>>,
}

impl CallEvents {
    /// Everything published from now on about `call`.
    ///
    /// A call nobody watches costs nothing; [`CallEvents::publish`] forgets
    /// calls whose watchers have all gone.
    #[must_use]
    pub fn subscribe(&self, call: &CallId) -> broadcast::Receiver<CallEvent> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|_, sender| sender.receiver_count() > 0);
        watched.entry(call.clone()).or_insert_with(|| broadcast::channel(BUFFER).0).subscribe()
    }

    /// Tells the watchers of `call`. Call it after the commit.
    pub fn publish(&self, call: &CallId, event: CallEvent) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let over = matches!(event, CallEvent::Ended);
        let unheard = watched.get(call).is_some_and(|sender| sender.send(event).is_err());
        if over || unheard {
            watched.remove(call);
        }
    }

    /// Calls that somebody watches.
    #[must_use]
    pub fn watched(&self) -> usize {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_watchers_of_the_call_hear_it() {
        let events = CallEvents::default();
        let (one, two) = (CallId::from("call_1"), CallId::from("call_2"));
        let mut first = events.subscribe(&one);
        let mut second = events.subscribe(&two);
        events.publish(&one, CallEvent::Ended);
        assert!(matches!(first.recv().await, Ok(CallEvent::Ended)));
        assert!(second.try_recv().is_err());
    }

    #[test]
    fn calls_without_watchers_are_forgotten() {
        let events = CallEvents::default();
        let call = CallId::from("call_1");
        drop(events.subscribe(&call));
        events.publish(&call, CallEvent::State);
        assert_eq!(events.watched(), 0);
        let _watcher = events.subscribe(&call);
        events.publish(&call, CallEvent::Ended);
        assert_eq!(events.watched(), 0);
    }
}
