//! Whether the database takes writes: asked often, cheap while all is well.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};

use crate::{Store, StoreError, statement::statements, value::args};

/// How long the database may take to answer a question about its health.
const ANSWER: Duration = Duration::from_millis(1_500);
/// Size of the row that shows whether there is room: more than a call, its
/// turns and its event take together.
const FILLER_BYTES: usize = 64 * 1024;

statements! {
    FILL = "INSERT INTO probes (id, filler) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET filler = excluded.filler";
    EMPTY = "DELETE FROM probes WHERE id = $1";
}

/// How recent writes fared.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Whether a write failed for the database's own reasons since the last
    /// time it was seen to be well.
    failing: AtomicBool,
    /// Since when the writer has been at its present batch (SQLite).
    busy_since: Mutex<Option<Instant>>,
}

impl Pulse {
    /// Notes how a write ended.
    pub(crate) fn note<T>(&self, result: &Result<T, StoreError>) {
        if let Err(StoreError::Unavailable { .. } | StoreError::Full { .. }) = result {
            self.failing.store(true, Relaxed);
        }
    }

    /// The writer begins a batch, or has ended it.
    pub(crate) fn busy(&self, is_busy: bool) {
        let since = is_busy.then(Instant::now);
        *self.busy_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn busy_for(&self) -> Duration {
        let since = *self.busy_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// A connection that only asks PostgreSQL whether it lives. One of the pool
/// would wait behind the requests of a busy server, and the pool keeps trying
/// where nobody listens.
pub(crate) struct Probe {
    options: PgConnectOptions,
    conn: tokio::sync::Mutex<Option<PgConnection>>,
}

impl Probe {
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        Self { options, conn: tokio::sync::Mutex::new(None) }
    }

    async fn ask(&self) -> Result<(), StoreError> {
        let mut place = self.conn.lock().await;
        // Taken out: what is cancelled or fails is not used again.
        if let Some(mut conn) = place.take()
            && conn.ping().await.is_ok()
        {
            *place = Some(conn);
            return Ok(());
        }
        let mut conn = self.options.clone().connect().await?;
        conn.ping().await?;
        *place = Some(conn);
        Ok(())
    }
}

impl Store {
    /// Whether the database can be used: it answers, and after a write failed
    /// for its own reasons, it takes one of 64 KiB again. Answers within some
    /// seconds, whatever the database does. `who` names this process.
    ///
    /// # Errors
    /// Why not.
    pub async fn examine(&self, who: &str) -> Result<(), StoreError> {
        if self.pulse().busy_for() >= self.patience() {
            return Err(StoreError::too_slow());
        }
        let answer = async {
            match self.probe() {
                Some(probe) => probe.ask().await?,
                None => self.ping().await?,
            }
            if self.pulse().failing.load(Relaxed) {
                let filler = "x".repeat(FILLER_BYTES);
                self.execute(&FILL, args![who, filler]).await?;
                self.execute(&EMPTY, args![who]).await?;
                self.pulse().failing.store(false, Relaxed);
            }
            Ok(())
        };
        tokio::time::timeout(ANSWER, answer).await.unwrap_or(Err(StoreError::too_slow()))
    }
}
