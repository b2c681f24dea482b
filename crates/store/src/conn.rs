//! A connection of either database, and the four ways to run a statement.

use std::sync::Arc;

use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction, pool::PoolConnection};

use crate::{
    StoreError,
    row::{Cells, Row},
    statement::Statement,
    value::Value,
    vault::{Sealer, SharedVault, Vault, check},
};

/// A connection, inside a transaction when it was handed to a write operation.
pub(crate) struct Conn {
    link: Link,
    vault: SharedVault,
}

/// What it runs over.
pub(crate) enum Link {
    SqliteWriter(SqliteConnection),
    SqliteReader(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
    PostgresTx(Transaction<'static, Postgres>),
}

enum Raw<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

macro_rules! bound {
    ($db:ty, $sql:expr, $args:expr) => {{
        let mut query = sqlx::query::<$db>($sql);
        for value in $args {
            query = match value {
                Value::Text(value) => query.bind(value),
                Value::Int(value) => query.bind(value),
                Value::Real(value) => query.bind(value),
                Value::Bool(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Conn {
    pub(crate) fn new(link: Link, vault: &SharedVault) -> Self {
        Self { link, vault: Arc::clone(vault) }
    }

    /// What it ran over, to end a transaction or to close it.
    pub(crate) fn into_link(self) -> Link {
        self.link
    }

    /// What opens secrets.
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// What seals secrets in this transaction, under the key that is current
    /// until it ends.
    pub(crate) async fn sealer(&mut self) -> Result<Sealer, StoreError> {
        let key = check::current(self).await?;
        self.vault.sealer(&key)
    }

    fn raw(&mut self) -> Raw<'_> {
        match &mut self.link {
            Link::SqliteWriter(conn) => Raw::Sqlite(conn),
            Link::SqliteReader(conn) => Raw::Sqlite(conn),
            Link::Postgres(conn) => Raw::Postgres(conn),
            Link::PostgresTx(conn) => Raw::Postgres(conn),
        }
    }

    /// Runs a statement and answers how many rows it touched.
    pub(crate) async fn execute(
        &mut self,
        run: &'static Statement,
        args: Vec<Value>,
    ) -> Result<u64, StoreError> {
        Ok(match self.raw() {
            Raw::Sqlite(conn) => bound!(Sqlite, run.sql, args).execute(conn).await?.rows_affected(),
            Raw::Postgres(conn) => {
                bound!(Postgres, run.postgres(), args).execute(conn).await?.rows_affected()
            }
        })
    }

    /// Every row of the answer.
    pub(crate) async fn all(
        &mut self,
        run: &'static Statement,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let vault = Arc::clone(&self.vault);
        let row = |cells| Row::new(cells, &vault);
        Ok(match self.raw() {
            Raw::Sqlite(conn) => {
                let rows = bound!(Sqlite, run.sql, args).fetch_all(conn).await?;
                rows.into_iter().map(Cells::Sqlite).map(row).collect()
            }
            Raw::Postgres(conn) => {
                let rows = bound!(Postgres, run.postgres(), args).fetch_all(conn).await?;
                rows.into_iter().map(Cells::Postgres).map(row).collect()
            }
        })
    }

    /// The first row of the answer, when there is one.
    pub(crate) async fn optional(
        &mut self,
        run: &'static Statement,
        args: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.all(run, args).await?.into_iter().next())
    }

    /// The single row of an aggregate.
    pub(crate) async fn one(&mut self, run: &'static Statement, args: Vec<Value>) -> Result<Row, StoreError> {
        self.optional(run, args)
            .await?
            .ok_or_else(|| StoreError::corrupt(format!("{} answered no row", run.name)))
    }

    /// Runs a text of several statements without arguments: migrations,
    /// `BEGIN`, savepoints.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match self.raw() {
            Raw::Sqlite(conn) => sqlx::raw_sql(sql).execute(conn).await.map(drop)?,
            Raw::Postgres(conn) => sqlx::raw_sql(sql).execute(conn).await.map(drop)?,
        }
        Ok(())
    }

    /// Writes SQLite's log back into the file and empties it; false while others
    /// read or write. PostgreSQL sees to that itself.
    pub(crate) async fn checkpoint(&mut self) -> Result<bool, StoreError> {
        use sqlx::Row as _;
        match self.raw() {
            Raw::Sqlite(conn) => {
                let row = sqlx::query::<Sqlite>("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(conn).await?;
                Ok(row.try_get::<i64, _>(0)? == 0)
            }
            Raw::Postgres(_) => Ok(true),
        }
    }

    /// Lets the database check a statement without running it.
    #[cfg(test)]
    pub(crate) async fn prepare(&mut self, run: &'static Statement) -> Result<(), StoreError> {
        use sqlx::{Executor as _, SqlSafeStr as _};
        match self.raw() {
            Raw::Sqlite(conn) => conn.prepare(run.sql.into_sql_str()).await.map(drop)?,
            Raw::Postgres(conn) => conn.prepare(run.postgres().into_sql_str()).await.map(drop)?,
        }
        Ok(())
    }

    /// How the database would run a statement, with typed nothings for arguments.
    #[cfg(test)]
    pub(crate) async fn explain(&mut self, run: &'static Statement) -> Result<String, StoreError> {
        self.explain_with(run, &["'x'", "50", "'x'", "50", "'x'", "'x'", "50", "'x'", "'x'"]).await
    }

    /// The same, with these literals for arguments.
    #[cfg(test)]
    pub(crate) async fn explain_with(
        &mut self,
        run: &'static Statement,
        literals: &[&str],
    ) -> Result<String, StoreError> {
        use sqlx::{AssertSqlSafe, Row as _};
        let filled = |sql: &str| {
            // Longest names first: $1 begins $10.
            (1..=literals.len())
                .rev()
                .fold(sql.to_owned(), |sql, n| sql.replace(&format!("${n}"), literals[n - 1]))
        };
        Ok(match self.raw() {
            Raw::Sqlite(conn) => {
                let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", filled(run.sql)));
                let rows = sqlx::query::<Sqlite>(sql).fetch_all(conn).await?;
                rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
            }
            Raw::Postgres(conn) => {
                sqlx::raw_sql("SET enable_seqscan = off; SET enable_bitmapscan = off")
                    .execute(&mut *conn)
                    .await?;
                let sql = AssertSqlSafe(format!("EXPLAIN {}", filled(run.postgres())));
                let rows = sqlx::query::<Postgres>(sql).fetch_all(conn).await?;
                rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
            }
        })
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.link, Link::Postgres(_) | Link::PostgresTx(_))
    }
}
