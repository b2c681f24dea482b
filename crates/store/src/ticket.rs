//! The mark that a keyed request leaves on everything it commits.
//!
//! While a request with an `Idempotency-Key` runs, every transaction of its
//! task also counts itself in the key's row. After a crash the row then tells
//! what is true: nothing was committed, and the request may run again; or this
//! is the answer that was committed with its effect; or something was
//! committed that has no answer. Whoever lost the key in the meantime commits
//! nothing more.
//!
//! A ticket is bound to the task: what a request leaves to a task of its own
//! (`tokio::spawn`) is not counted.

use std::{
    any::Any,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{IdempotencyScope, Store, StoreError, StoredAnswer, conn::Conn, idempotency};

tokio::task_local! {
    static TICKET: Ticket;
}

/// The claim of the request that runs in this task.
#[derive(Clone)]
pub struct Ticket(Arc<Inner>);

struct Inner {
    scope: IdempotencyScope,
    claim: String,
    promise: Mutex<Option<Promise>>,
}

/// Makes the answer from what a transaction returned; the outer none for a
/// transaction that is not the one meant.
type Promise = Arc<dyn Fn(&dyn Any) -> Option<Option<StoredAnswer>> + Send + Sync>;

/// What a transaction is for its request.
pub(crate) enum Effect {
    /// Something changed; what that is answered is not known yet.
    Some,
    /// What the request is for, and its answer.
    Answered(StoredAnswer),
    /// It was refused: nothing changed.
    None,
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Ticket").field(&self.0.claim).finish()
    }
}

impl Ticket {
    /// The ticket of a claim that was granted.
    #[must_use]
    pub fn new(scope: IdempotencyScope, claim: String) -> Self {
        Self(Arc::new(Inner { scope, claim, promise: Mutex::default() }))
    }

    /// Runs a request under this ticket.
    pub async fn around<F: Future>(&self, request: F) -> F::Output {
        TICKET.scope(self.clone(), request).await
    }

    /// Says how the request is answered once its effect is there. The next
    /// transaction of this task that returns a `T` commits this answer with
    /// itself; a transaction for which there is none was refused and changed
    /// nothing. Without a ticket this does nothing.
    pub fn promise<T: Any>(answer: impl Fn(&T) -> Option<StoredAnswer> + Send + Sync + 'static) {
        if let Some(ticket) = Self::current() {
            *ticket.promised() = Some(Arc::new(move |value| value.downcast_ref().map(&answer)));
        }
    }

    /// Whether an answer was promised that no transaction has committed.
    #[must_use]
    pub fn has_open_promise(&self) -> bool {
        self.promised().is_some()
    }

    pub(crate) fn current() -> Option<Self> {
        TICKET.try_with(Self::clone).ok()
    }

    /// What a transaction that returned `value` is for the request.
    pub(crate) fn effect<T: Any>(&self, value: &T) -> Effect {
        let promise = self.promised().clone();
        match promise.and_then(|promise| promise(value)) {
            None => Effect::Some,
            Some(None) => Effect::None,
            Some(Some(answer)) => Effect::Answered(answer),
        }
    }

    /// Writes into the key's row what the transaction is for the request.
    pub(crate) async fn stamp(&self, tx: &mut Conn, effect: Effect) -> Result<(), StoreError> {
        idempotency::stamp(tx, &self.0.scope, &self.0.claim, effect).await
    }

    /// Forgets the promise that a committed transaction has kept.
    pub(crate) fn kept<T: Any>(&self, value: &T) {
        let mut promised = self.promised();
        if promised.as_ref().is_some_and(|promise| promise(value).is_some()) {
            *promised = None;
        }
    }

    fn promised(&self) -> MutexGuard<'_, Option<Promise>> {
        self.0.promise.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// To be called before a request changes something outside the database,
    /// unless a transaction of it was committed before: should the process
    /// die, the request counts as one that may have taken effect.
    ///
    /// # Errors
    /// What the database answered; nothing may be changed then.
    pub async fn about_to_act(&self) -> Result<(), StoreError> {
        if Ticket::current().is_none() {
            return Ok(());
        }
        self.write(|_tx| Box::pin(async { Ok(()) })).await
    }
}
