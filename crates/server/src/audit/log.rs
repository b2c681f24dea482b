//! Entries on their way to the store: those that wait share one transaction.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use offhook_store::{AuditEntry, Store};
use tokio::sync::oneshot;

use crate::error::Chain;

/// Entries of one transaction.
const BATCH: usize = 256;
/// Entries that may wait; beyond, refused requests leave none, so that memory
/// is bounded while the store is slow. Requests that succeed wait for theirs.
const WAITING: usize = 4_096;

/// Writes entries in the order they come. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AuditLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Whether a task is writing; it takes along what comes meanwhile.
    writing: bool,
}

#[derive(Debug)]
struct Waiting {
    /// None only waits for those before it.
    entry: Option<AuditEntry>,
    /// Told when it is durable, or lost.
    done: Option<oneshot::Sender<()>>,
}

impl AuditLog {
    /// A log into this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(Arc::new(Inner { store, queue: Mutex::default() }))
    }

    /// Returns once the entry is durable, or cannot become so.
    pub async fn write(&self, entry: AuditEntry) {
        let (done, over) = oneshot::channel();
        self.push(Waiting { entry: Some(entry), done: Some(done) });
        // An error means that the writing task died with the runtime.
        let _over = over.await;
    }

    /// Leaves an entry to be written soon.
    pub fn note(&self, entry: AuditEntry) {
        if self.queue().waiting.len() >= WAITING {
            return lost(1);
        }
        self.push(Waiting { entry: Some(entry), done: None });
    }

    /// Returns once everything left before is written.
    pub async fn settle(&self) {
        let (done, over) = oneshot::channel();
        self.push(Waiting { entry: None, done: Some(done) });
        let _over = over.await;
    }

    fn push(&self, waiting: Waiting) {
        let mut queue = self.queue();
        queue.waiting.push(waiting);
        if !mem::replace(&mut queue.writing, true) {
            tokio::spawn(self.clone().drain());
        }
    }

    async fn drain(self) {
        loop {
            let batch: Vec<Waiting> = {
                let mut queue = self.queue();
                if queue.waiting.is_empty() {
                    queue.writing = false;
                    return;
                }
                let size = queue.waiting.len().min(BATCH);
                queue.waiting.drain(..size).collect()
            };
            let (entries, told): (Vec<_>, Vec<_>) =
                batch.into_iter().map(|waiting| (waiting.entry, waiting.done)).unzip();
            let entries: Vec<AuditEntry> = entries.into_iter().flatten().collect();
            let count = entries.len();
            if let Err(error) = self.0.store.append_audit(entries).await {
                tracing::error!(error = %Chain(&error), entries = count, "entries of the audit log are lost");
                lost(count);
            }
            for done in told.into_iter().flatten() {
                // Its request may have been dropped.
                let _gone = done.send(());
            }
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost(entries: usize) {
    metrics::counter!("offhook_audit_lost_total").increment(entries as u64);
}
