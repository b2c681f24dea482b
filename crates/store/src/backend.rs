//! The store's two back ends behind one handle.

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sqlx::{
    ConnectOptions, Connection as _, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    Failpoint, StoreError, Ticket,
    conn::{Conn, Link},
    failpoint,
    health::{Probe, Pulse},
    migrate,
    statement::{Statement, statements},
    value::{Value, args},
    vault::{Keys, SharedVault, Vault, check},
    writer::Writer,
};

statements! {
    PING = "SELECT CAST(1 AS BIGINT) AS alive";
}

/// How often a PostgreSQL transaction is tried when others collide with it.
const TRIES: u32 = 6;

/// SQLite's page, unless a file was made with another.
const PAGE_BYTES: u64 = 4096;

/// A connection to PostgreSQL unused for longer is tried before it is used.
const MAYBE_DEAD: Duration = Duration::from_secs(1);

/// Which database a store speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Db {
    /// A file beside the process.
    Sqlite,
    /// A server shared by many nodes.
    Postgres,
}

/// Sizes and patience of a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Connections for reading (SQLite) or for all work (PostgreSQL).
    pub connections: u32,
    /// How long an operation waits for a connection, a lock, or its turn in the
    /// queue of writes.
    pub patience: Duration,
    /// Writes that may queue before callers wait (SQLite).
    pub queue: usize,
    /// Most writes that share one commit (SQLite).
    pub batch: usize,
    /// Largest size of the file in bytes (SQLite); none is as large as the
    /// disk. Beyond it writes answer [`StoreError::Full`].
    pub max_bytes: Option<u64>,
    /// What secrets are sealed with. None: whoever reads or writes a secret
    /// gets [`StoreError::Key`], everything else works.
    pub keys: Option<Keys>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            connections: 8,
            patience: Duration::from_secs(5),
            queue: 1024,
            batch: 256,
            max_bytes: None,
            keys: None,
        }
    }
}

/// The database. Cheap to clone; every clone is the same store.
#[derive(Clone)]
pub struct Store {
    backend: Arc<Backend>,
    vault: SharedVault,
    pulse: Arc<Pulse>,
    patience: Duration,
}

enum Backend {
    Sqlite { writer: Writer, readers: SqlitePool },
    Postgres { pool: PgPool, probe: Box<Probe> },
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.kind()).finish()
    }
}

impl Store {
    /// Opens the database and brings its schema up to date.
    ///
    /// `sqlite://path` (relative, or absolute with a third slash; the file is
    /// created, its directory is not) or `postgres://user@host/database`.
    ///
    /// # Errors
    /// [`StoreError::Address`] for any other url, [`StoreError::Migration`]
    /// when the schema is newer than this program or was changed by hand,
    /// [`StoreError::Key`] when the keys are not those of the database, and
    /// whatever the database answers.
    pub async fn connect(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let vault = SharedVault::new(Vault::new(options.keys.clone()));
        let pulse = Arc::new(Pulse::default());
        let backend = if let Some(path) = url.strip_prefix("sqlite://") {
            Self::open_sqlite(path.split('?').next().unwrap_or(path), &options, &vault, &pulse).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::open_postgres(url, &options, &vault).await?
        } else {
            return Err(StoreError::Address { reason: "expected sqlite:// or postgres://".into() });
        };
        let store = Self { backend: Arc::new(backend), vault, pulse, patience: options.patience };
        check::adopt(&store).await?;
        Ok(store)
    }

    async fn open_sqlite(
        path: &str,
        options: &StoreOptions,
        vault: &SharedVault,
        pulse: &Arc<Pulse>,
    ) -> Result<Backend, StoreError> {
        if path.is_empty() || path.contains(":memory:") {
            return Err(StoreError::Address { reason: "sqlite:// wants the path of a file".into() });
        }
        let connect = SqliteConnectOptions::new()
            .filename(Path::new(path))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(options.patience)
            // What is deleted is overwritten: nobody shall find it in the file.
            .pragma("secure_delete", "ON")
            .statement_cache_capacity(256)
            .disable_statement_logging();
        let writing = match options.max_bytes {
            Some(bytes) => connect.clone().pragma("max_page_count", (bytes / PAGE_BYTES).max(1).to_string()),
            None => connect.clone(),
        };
        let mut conn = Conn::new(Link::SqliteWriter(writing.connect().await?), vault);
        migrate::run(&mut conn).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.patience)
            // A file does not go away; the test costs a turn of its thread per read.
            .test_before_acquire(false)
            .connect_lazy_with(connect.create_if_missing(false).pragma("query_only", "1"));
        let writer = Writer::start(conn, options.queue, options.batch, Arc::clone(pulse));
        Ok(Backend::Sqlite { writer, readers })
    }

    async fn open_postgres(
        url: &str,
        options: &StoreOptions,
        vault: &SharedVault,
    ) -> Result<Backend, StoreError> {
        let millis = options.patience.as_millis().to_string();
        let connect = PgConnectOptions::from_str(url)
            .map_err(|_| StoreError::Address { reason: "not a PostgreSQL url".into() })?
            .application_name("offhook")
            .statement_cache_capacity(256)
            .options([
                ("lock_timeout", millis.as_str()),
                ("statement_timeout", "30000"),
                // Starting workers or a compiler costs tens of milliseconds, more than any answer of ours:
                // with them the usage summary took 37 ms, without 4 ms.
                ("max_parallel_workers_per_gather", "0"),
                ("jit", "off"),
            ])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.patience)
            // A ping before every use would be a third of what a short write costs.
            .test_before_acquire(false)
            .before_acquire(|conn, used| {
                Box::pin(async move {
                    if used.idle_for > MAYBE_DEAD {
                        conn.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(connect.clone())
            .await?;
        migrate::run(&mut Conn::new(Link::Postgres(pool.acquire().await?), vault)).await?;
        Ok(Backend::Postgres {
            pool,
            probe: Box::new(Probe::new(connect.application_name("offhook health"))),
        })
    }

    /// Which database this is.
    #[must_use]
    pub fn kind(&self) -> Db {
        match &*self.backend {
            Backend::Sqlite { .. } => Db::Sqlite,
            Backend::Postgres { .. } => Db::Postgres,
        }
    }

    /// Whether the database answers, for `/readyz`.
    ///
    /// # Errors
    /// What the database answered, or that it did not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read().await?.one(&PING, args![]).await?.int("alive").map(drop)
    }

    /// Finishes what is queued, then closes every connection. Later
    /// operations answer [`StoreError::Closed`].
    pub async fn close(&self) {
        match &*self.backend {
            Backend::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Backend::Postgres { pool, .. } => pool.close().await,
        }
    }

    /// How recent writes fared.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// How long an operation waits for its turn.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// The connection that asks whether PostgreSQL lives.
    pub(crate) fn probe(&self) -> Option<&Probe> {
        match &*self.backend {
            Backend::Sqlite { .. } => None,
            Backend::Postgres { probe, .. } => Some(probe.as_ref()),
        }
    }

    /// Leaves nothing of what was deleted in SQLite's log: writes it back into
    /// the file and empties it. False when readers or writers were in the way
    /// five times; the next checkpoint does it then.
    ///
    /// # Errors
    /// What the database answered.
    pub async fn checkpoint(&self) -> Result<bool, StoreError> {
        let mut conn = self.read().await?;
        for _ in 0..5 {
            if conn.checkpoint().await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A connection for reading.
    pub(crate) async fn read(&self) -> Result<Conn, StoreError> {
        let link = match &*self.backend {
            Backend::Sqlite { readers, .. } => Link::SqliteReader(readers.acquire().await?),
            Backend::Postgres { pool, .. } => Link::Postgres(pool.acquire().await?),
        };
        Ok(Conn::new(link, &self.vault))
    }

    /// What seals and opens secrets.
    pub(crate) fn vault(&self) -> &SharedVault {
        &self.vault
    }

    /// Runs `operation` in a transaction and answers once it is durable. In a
    /// request with an `Idempotency-Key` the transaction bears its [`Ticket`].
    ///
    /// An error rolls it back. On PostgreSQL it may run several times.
    pub(crate) async fn write<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Conn) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync + 'static,
    {
        let Some(ticket) = Ticket::current() else { return self.commit(operation, false).await };
        let (operation, stamping) = (Arc::new(operation), ticket.clone());
        let value = self
            .commit(
                move |tx| {
                    let (operation, ticket) = (Arc::clone(&operation), stamping.clone());
                    Box::pin(async move {
                        let value = operation(&mut *tx).await?;
                        let effect = ticket.effect(&value);
                        ticket.stamp(tx, effect).await?;
                        Ok(value)
                    })
                },
                true,
            )
            .await?;
        ticket.kept(&value);
        Ok(value)
    }

    async fn commit<T, F>(&self, operation: F, keyed: bool) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Conn) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync + 'static,
    {
        let result = match &*self.backend {
            Backend::Sqlite { writer, .. } => writer.run(operation, keyed, self.patience).await,
            Backend::Postgres { pool, .. } => {
                uncontended(|| transact(pool, &self.vault, &operation, keyed)).await
            }
        };
        self.pulse.note(&result);
        result
    }

    /// A write of one statement; answers how many rows it touched.
    pub(crate) async fn execute(&self, run: &'static Statement, args: Vec<Value>) -> Result<u64, StoreError> {
        if let Backend::Postgres { pool, .. } = &*self.backend
            && Ticket::current().is_none()
        {
            // A statement is a transaction of its own: no BEGIN, no COMMIT.
            let result = uncontended(|| async {
                Failpoint::Begin.reach().await?;
                let mut conn = Conn::new(Link::Postgres(pool.acquire().await?), &self.vault);
                let rows = conn.execute(run, args.clone()).await?;
                failpoint::after_commit(false).await?;
                Ok(rows)
            })
            .await;
            self.pulse.note(&result);
            return result;
        }
        self.write(move |tx| {
            let args = args.clone();
            Box::pin(tx.execute(run, args))
        })
        .await
    }
}

/// Tries a PostgreSQL transaction again while others collide with it.
async fn uncontended<T, F>(mut transaction: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut tries = 1;
    loop {
        match transaction().await {
            Err(StoreError::Contended { .. }) if tries < TRIES => {
                let jitter = u64::from(rand::random::<u8>()) / 16;
                tokio::time::sleep(Duration::from_millis((4 << tries) + jitter)).await;
                tries += 1;
            }
            other => return other,
        }
    }
}

async fn transact<T, F>(
    pool: &PgPool,
    vault: &SharedVault,
    operation: &F,
    keyed: bool,
) -> Result<T, StoreError>
where
    F: for<'t> Fn(&'t mut Conn) -> BoxFuture<'t, Result<T, StoreError>>,
{
    let started = std::time::Instant::now();
    Failpoint::Begin.reach().await?;
    let mut conn = Conn::new(Link::PostgresTx(pool.begin().await?), vault);
    // On an error the transaction is dropped here, which rolls it back.
    let value = operation(&mut conn).await?;
    failpoint::before_commit(keyed).await?;
    if let Link::PostgresTx(transaction) = conn.into_link() {
        transaction.commit().await?;
    }
    failpoint::after_commit(keyed).await?;
    metrics::histogram!("offhook_store_commit_seconds").record(started.elapsed());
    Ok(value)
}
