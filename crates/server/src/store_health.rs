//! Whether the database can be used now, as everybody may ask without waiting.
//!
//! One task asks the database twice a second. While it cannot be used, new
//! calls and texts are refused at once; calls in progress go on, and their
//! reports go to the spool.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    time::Duration,
};

use offhook_store::{Db, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    error::{ApiError, Chain},
};

/// Time between two questions.
const EVERY: Duration = Duration::from_millis(500);

/// What is wrong with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It does not answer, or too slowly.
    Away,
    /// It has no room for more; what is there can be read.
    Full,
}

impl Trouble {
    fn of(error: &StoreError) -> Self {
        if matches!(error, StoreError::Full { .. }) { Self::Full } else { Self::Away }
    }

    /// For operators.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Away => "the database does not answer",
            Self::Full => "the disk of the database is full",
        }
    }
}

/// The last answer.
#[derive(Debug, Default)]
pub struct StoreHealth {
    trouble: Mutex<Option<Trouble>>,
    /// Questions in a row that were answered badly.
    bad: AtomicU8,
}

impl StoreHealth {
    /// What is wrong, if anything is.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the database can be used.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.trouble().is_none()
    }

    /// Refuses what would need the database.
    ///
    /// # Errors
    /// 503 with `Retry-After`; nothing has happened.
    pub fn check(&self) -> Result<(), ApiError> {
        match self.trouble() {
            None => Ok(()),
            Some(_) => {
                Err(ApiError::unavailable("The database is not available. Try again soon.").untouched())
            }
        }
    }

    /// Takes an answer. A database that is only slow gets a second chance.
    fn note(&self, answer: Result<(), StoreError>) {
        let bad = if answer.is_ok() { 0 } else { self.bad.load(Relaxed).saturating_add(1) };
        self.bad.store(bad, Relaxed);
        let trouble = match &answer {
            Err(error) if bad > 1 || !error.is_timeout() => Some(Trouble::of(error)),
            Err(_) => self.trouble(),
            Ok(()) => None,
        };
        let before =
            std::mem::replace(&mut *self.trouble.lock().unwrap_or_else(PoisonError::into_inner), trouble);
        match (before, trouble, &answer) {
            (None, Some(_), Err(error)) => {
                tracing::error!(error = %Chain(error), "the database cannot be used; new calls and texts are refused");
            }
            (Some(_), None, _) => tracing::info!("the database can be used again"),
            _ => {}
        }
        metrics::gauge!("offhook_store_up").set(if trouble.is_none() { 1.0 } else { 0.0 });
    }
}

/// Asks until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    loop {
        let answer = app.store().examine(&app.calls().incarnation).await;
        app.store_health().note(answer);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Whether not even reading makes sense: whatever asks PostgreSQL would wait
/// for a connection, and find none.
#[must_use]
pub fn is_unreachable(app: &App) -> bool {
    app.store().kind() == Db::Postgres && app.store_health().trouble() == Some(Trouble::Away)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_slow_answer_is_forgiven_and_a_refusal_is_not() {
        let health = StoreHealth::default();
        let slow = || Err(StoreError::too_slow());
        health.note(slow());
        assert!(health.is_up());
        health.note(slow());
        assert_eq!(health.trouble(), Some(Trouble::Away));
        health.note(Ok(()));
        assert!(health.is_up());
        health.note(slow());
        assert!(health.is_up(), "the count begins anew");
        health.note(Err(StoreError::Closed));
        assert!(health.check().unwrap_err().is_temporary());
    }
}
