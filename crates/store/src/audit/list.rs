//! Reading an account's chain, newest first.

use offhook_model::{Timestamp, id::AccountId};

use super::StoredAuditEntry;
use crate::{Store, StoreError, conn::Conn, statement::statements, value::args};

/// Which entries are wanted; none means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Done to this, or within it.
    pub resource: Option<String>,
    /// This operation.
    pub operation: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Strictly older than this place in the chain.
    pub before: Option<i64>,
    /// Strictly newer than this place in the chain.
    pub after: Option<i64>,
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// Newest first.
    pub data: Vec<StoredAuditEntry>,
    /// Whether more follow: newer ones when only `after` was given, else older ones.
    pub has_more: bool,
}

macro_rules! select {
    ($filter:literal, $order:literal) => {
        concat!(
            "SELECT * FROM audit_entries WHERE account_id = $1 AND sequence > $2 AND sequence < $3 AND ",
            $filter,
            " AND (CAST($5 AS TEXT) IS NULL OR operation = $5) ORDER BY sequence ",
            $order,
            " LIMIT $6"
        )
    };
}

macro_rules! of_resource {
    ($order:literal) => {
        select!(
            "sequence IN (SELECT sequence FROM audit_entries WHERE account_id = $1 AND resource_id = $4
                UNION ALL SELECT sequence FROM audit_entries WHERE account_id = $1 AND within_id = $4)",
            $order
        )
    };
}

statements! {
    OLDER = select!("CAST($4 AS TEXT) IS NULL", "DESC");
    NEWER = select!("CAST($4 AS TEXT) IS NULL", "ASC");
    OLDER_OF = of_resource!("DESC");
    NEWER_OF = of_resource!("ASC");
    FIRST_AT = "SELECT sequence FROM audit_entries WHERE account_id = $1 AND at >= $2
        ORDER BY at, sequence LIMIT 1";
}

impl Store {
    /// Up to `limit` entries of the account's chain, newest first. With only
    /// `after` these are the ones next to it.
    pub async fn audit(
        &self,
        account: &AccountId,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<AuditPage, StoreError> {
        let mut conn = self.read().await?;
        let (mut low, mut high) = (filter.after.unwrap_or(0), filter.before.unwrap_or(i64::MAX));
        if let Some(since) = filter.since {
            low = low.max(first_at(&mut conn, account, since).await? - 1);
        }
        if let Some(until) = filter.until {
            high = high.min(first_at(&mut conn, account, until).await?);
        }
        let newer = filter.after.is_some() && filter.before.is_none();
        let run = match (filter.resource.is_some(), newer) {
            (false, false) => &OLDER,
            (false, true) => &NEWER,
            (true, false) => &OLDER_OF,
            (true, true) => &NEWER_OF,
        };
        let (resource, operation) = (filter.resource.clone(), filter.operation.clone());
        let args = args![account, low, high, resource, operation, limit.saturating_add(1)];
        let rows = conn.all(run, args).await?;
        let mut data = rows.iter().map(StoredAuditEntry::from_row).collect::<Result<Vec<_>, _>>()?;
        let has_more = data.len() > limit as usize;
        data.truncate(limit as usize);
        if newer {
            data.reverse();
        }
        Ok(AuditPage { data, has_more })
    }
}

/// The first place whose entry is not before `at`; beyond the chain when none is.
async fn first_at(conn: &mut Conn, account: &AccountId, at: Timestamp) -> Result<i64, StoreError> {
    conn.optional(&FIRST_AT, args![account, at]).await?.map_or(Ok(i64::MAX), |row| row.int("sequence"))
}
