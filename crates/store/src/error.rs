//! What can go wrong between us and the database.

use std::sync::Arc;

/// A failure of the store, never of the caller's request: missing rows and
/// refusals are values of the operations.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is locked, or answered too late.
    #[error("the database is unavailable")]
    Unavailable {
        /// What the driver said.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// No space is left for the database.
    #[error("the disk of the database is full")]
    Full {
        /// What the driver said.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// Stored data cannot be read back.
    #[error("stored data is damaged: {what}")]
    Corrupt {
        /// Which column, or which part of the file.
        what: String,
    },
    /// A row with the same unique value exists.
    #[error("a row with the same unique value exists: {constraint}")]
    Conflict {
        /// The violated constraint, as the database names it.
        constraint: String,
    },
    /// A row that the new one refers to does not exist, or belongs to another account.
    #[error("a referenced row does not exist")]
    Dangling,
    /// Concurrent transactions kept colliding, also after several tries.
    #[error("concurrent transactions collided")]
    Contended {
        /// What the driver said.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// The request's `Idempotency-Key` was given to another one, because this
    /// one seemed dead; nothing was changed.
    #[error("another request has the idempotency key by now")]
    Superseded,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The operation broke down inside the store; its transaction was rolled back.
    #[error("the operation broke down and was rolled back")]
    Aborted,
    /// `STORE__URL` cannot be used.
    #[error("store url: {reason}")]
    Address {
        /// What is wrong with it; never the address itself, which may hold a password.
        reason: String,
    },
    /// The schema cannot be brought up to date.
    #[error("migration {version}: {reason}")]
    Migration {
        /// The migration's number.
        version: i64,
        /// What is wrong.
        reason: String,
    },
    /// The master key is missing, or is not the one secrets are sealed under.
    #[error("the master key: {reason}")]
    Key {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The database refused a statement for a reason that no retry mends.
    #[error("the database refused a statement")]
    Refused {
        /// What the driver said.
        #[source]
        source: Arc<sqlx::Error>,
    },
}

impl StoreError {
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }

    /// An operation that waited longer than it may.
    #[must_use]
    pub fn too_slow() -> Self {
        Self::Unavailable { source: Arc::new(sqlx::Error::PoolTimedOut) }
    }

    /// Whether the database was only too slow, as a busy one may be.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Unavailable { source } if matches!(**source, sqlx::Error::PoolTimedOut))
    }

    /// Whether the same operation may succeed when tried again soon.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        // A key: it is looked for again each time, and may have been put back.
        matches!(
            self,
            Self::Unavailable { .. } | Self::Full { .. } | Self::Contended { .. } | Self::Key { .. }
        )
    }
}

/// Primary result codes of SQLite (`sqlite3.h`).
mod sqlite {
    pub(super) const LOCKS_AND_IO: [i64; 7] = [5, 6, 8, 9, 10, 14, 15];
    pub(super) const CORRUPT: i64 = 11;
    pub(super) const FULL: i64 = 13;
    pub(super) const NOTADB: i64 = 26;
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::{Error, error::ErrorKind};
        let constraint = match &error {
            Error::Database(cause) => match cause.kind() {
                ErrorKind::UniqueViolation => {
                    let name = cause.constraint().unwrap_or_else(|| cause.message()).to_owned();
                    return Self::Conflict { constraint: name };
                }
                ErrorKind::ForeignKeyViolation => return Self::Dangling,
                _ => cause.code().map(|code| code.into_owned()),
            },
            Error::ColumnDecode { index, source } => {
                return Self::corrupt(format!("column {index}: {source}"));
            }
            Error::Decode(source) => return Self::corrupt(source.to_string()),
            Error::PoolClosed => return Self::Closed,
            Error::Io(_)
            | Error::Tls(_)
            | Error::PoolTimedOut
            | Error::WorkerCrashed
            | Error::Protocol(_) => {
                return Self::Unavailable { source: Arc::new(error) };
            }
            _ => None,
        };
        let message = error.to_string();
        let source = Arc::new(error);
        match constraint.as_deref() {
            Some(code) => by_code(code, message, source),
            None => Self::Refused { source },
        }
    }
}

/// SQLite codes are decimal, PostgreSQL's are five characters (SQLSTATE).
fn by_code(code: &str, message: String, source: Arc<sqlx::Error>) -> StoreError {
    if code.len() == 5 && source.as_database_error().is_some_and(is_postgres) {
        return match code {
            "40001" | "40P01" | "55P03" => StoreError::Contended { source },
            "53100" => StoreError::Full { source },
            "XX001" | "XX002" => StoreError::corrupt(message),
            // Query cancelled by statement_timeout.
            "57014" => StoreError::Unavailable { source },
            _ if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => {
                StoreError::Unavailable { source }
            }
            _ => StoreError::Refused { source },
        };
    }
    match code.parse::<i64>().map(|extended| extended & 0xff) {
        Ok(sqlite::FULL) => StoreError::Full { source },
        Ok(sqlite::CORRUPT | sqlite::NOTADB) => StoreError::corrupt(message),
        Ok(primary) if sqlite::LOCKS_AND_IO.contains(&primary) => StoreError::Unavailable { source },
        _ => StoreError::Refused { source },
    }
}

fn is_postgres(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some()
}
