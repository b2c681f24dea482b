//! The schema, embedded, brought up to date at every start.
//!
//! Everything happens in one transaction under a lock, so that several nodes
//! may start at once; both databases roll back schema changes.

use sha2::{Digest, Sha256};

use crate::{StoreError, conn::Conn, statement::statements, value::args};

struct Migration {
    version: i64,
    sql: &'static str,
}

/// Never edit one that was released: add the next.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, sql: include_str!("../migrations/0001_first_call.sql") },
    Migration { version: 2, sql: include_str!("../migrations/0002_messages.sql") },
    Migration { version: 3, sql: include_str!("../migrations/0003_usage.sql") },
    Migration { version: 4, sql: include_str!("../migrations/0004_requests.sql") },
    Migration { version: 5, sql: include_str!("../migrations/0005_services.sql") },
    Migration { version: 6, sql: include_str!("../migrations/0006_people.sql") },
    Migration { version: 7, sql: include_str!("../migrations/0007_outbox.sql") },
    Migration { version: 8, sql: include_str!("../migrations/0008_survival.sql") },
    Migration { version: 9, sql: include_str!("../migrations/0009_erasure.sql") },
    Migration { version: 10, sql: include_str!("../migrations/0010_idempotent_effects.sql") },
];

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
    (version BIGINT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL)";

statements! {
    APPLIED = "SELECT version, checksum FROM schema_migrations ORDER BY version";
    RECORD = "INSERT INTO schema_migrations (version, checksum) VALUES ($1, $2)";
}

/// Applies what is missing.
pub(crate) async fn run(conn: &mut Conn) -> Result<(), StoreError> {
    if conn.is_postgres() {
        // "offhook" in ASCII, cut to 63 bits; held until the commit.
        conn.script("BEGIN; SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(31350811302489963)")
            .await?;
    } else {
        conn.script("BEGIN IMMEDIATE").await?;
    }
    match apply(conn).await {
        Ok(()) => conn.script("COMMIT").await,
        Err(error) => {
            // The first failure is the one to report.
            drop(conn.script("ROLLBACK").await);
            Err(error)
        }
    }
}

async fn apply(conn: &mut Conn) -> Result<(), StoreError> {
    conn.script(LEDGER).await?;
    let mut applied = 0;
    for row in conn.all(&APPLIED, args![]).await? {
        let version = row.int("version")?;
        let Some(known) = MIGRATIONS.iter().find(|known| known.version == version) else {
            return Err(StoreError::Migration {
                version,
                reason: "made by a newer version of offhook".into(),
            });
        };
        if row.text("checksum")? != known.checksum() {
            return Err(StoreError::Migration { version, reason: "differs from what was applied".into() });
        }
        applied = version;
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > applied) {
        conn.script(migration.sql).await?;
        conn.execute(&RECORD, args![migration.version, migration.checksum()]).await?;
    }
    Ok(())
}

impl Migration {
    fn checksum(&self) -> String {
        hex::encode(Sha256::digest(self.sql.as_bytes()))
    }
}
