//! Copies of a SQLite database, made while it is in use.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use crate::StoreError;

/// How long a copy waits for a lock of the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// Copies the database of a file into a new one, as it is at one moment:
/// everything acknowledged before this began is in it. A server may be
/// running; it writes on meanwhile.
///
/// # Errors
/// What SQLite answers; [`StoreError::Refused`] also when `to` exists.
pub async fn copy_sqlite(from: &Path, to: &Path) -> Result<(), StoreError> {
    let options = SqliteConnectOptions::new().filename(from).create_if_missing(false).busy_timeout(PATIENCE);
    let mut conn = options.disable_statement_logging().connect().await?;
    let target = to.to_str().ok_or(StoreError::Address { reason: "a path that is not UTF-8".into() })?;
    sqlx::query("VACUUM INTO $1").bind(target).execute(&mut conn).await?;
    conn.close().await?;
    Ok(())
}

/// Reads a whole copy and checks it. The version of its schema.
///
/// # Errors
/// [`StoreError::Corrupt`] says what is damaged.
pub async fn check_sqlite(path: &Path) -> Result<i64, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    // A copy has no write-ahead log, and reading it must not make one.
    let options = options.journal_mode(SqliteJournalMode::Off).disable_statement_logging();
    let mut conn = options.connect().await?;
    let found = faults(&mut conn).await?;
    if found != "ok" {
        return Err(StoreError::corrupt(found));
    }
    let row =
        sqlx::query("SELECT MAX(version) AS version FROM schema_migrations").fetch_one(&mut conn).await?;
    let version = row.try_get("version")?;
    conn.close().await?;
    Ok(version)
}

async fn faults(conn: &mut SqliteConnection) -> Result<String, StoreError> {
    let row = sqlx::query("PRAGMA integrity_check(1)").fetch_one(conn).await?;
    Ok(row.try_get(0)?)
}
