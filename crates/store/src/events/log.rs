//! Reading the log of deliveries.

use std::time::Duration;

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId},
};

use super::{Delivery, DeliveryStatus};
use crate::{Page, Paged, Store, StoreError, row::Row, statement::statements, value::args};

/// Which deliveries are wanted; none means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Where they stand.
    pub status: Option<DeliveryStatus>,
    /// `agent.message`, ….
    pub event_type: Option<String>,
    /// Events of this agent.
    pub agent_id: Option<AgentId>,
    /// Of events from this moment on.
    pub since: Option<Timestamp>,
    /// Of events before this moment.
    pub until: Option<Timestamp>,
    /// Older than the delivery of this id.
    pub before: Option<String>,
}

/// Deliveries, newest event first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPage {
    /// This page.
    pub data: Vec<Delivery>,
    /// Whether older ones follow.
    pub has_more: bool,
}

/// One attempt of a delivery, as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastAttempt {
    /// 1 is the first; replays count on.
    pub n: u32,
    /// When it was sent.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// HTTP status, when one came.
    pub http_status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// How the reply begins.
    pub response_body: Option<String>,
}

macro_rules! filtered {
    ($status:literal) => {
        concat!(
            "SELECT * FROM events WHERE account_id = $1 AND (created_at, id) < ($2, $3) AND created_at >= $4 AND ",
            $status,
            " AND (CAST($5 AS TEXT) IS NULL OR event_type = $5) AND (CAST($6 AS TEXT) IS NULL OR agent_id = $6)
            ORDER BY created_at DESC, id DESC LIMIT $7"
        )
    };
}

statements! {
    LIST = "SELECT * FROM events WHERE account_id = $1 AND (CAST($2 AS TEXT) IS NULL OR target = $2)
        AND (CAST($3 AS BIGINT) IS NULL OR created_at >= $3)
        ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5";
    COUNT = "SELECT COUNT(*) AS total FROM events WHERE account_id = $1
        AND (CAST($2 AS TEXT) IS NULL OR target = $2) AND (CAST($3 AS BIGINT) IS NULL OR created_at >= $3)";
    ANY = filtered!("created_at >= $4");
    PENDING = filtered!("status = 'pending'");
    SUCCEEDED = filtered!("status = 'success'");
    FAILED = filtered!("status = 'failed'");
    ONE = "SELECT * FROM events WHERE account_id = $1 AND delivery_id = $2";
    ATTEMPTS = "SELECT * FROM delivery_attempts WHERE event_id = $1 ORDER BY n";
}

/// Beyond every id.
const LAST: &str = "~";

impl Store {
    /// The delivery log, newest first: of the whole account, or of one agent's
    /// own webhook; all of it, or since a moment.
    pub async fn deliveries(
        &self,
        account: &AccountId,
        target: Option<&AgentId>,
        since: Option<Timestamp>,
        page: Page,
    ) -> Result<Paged<Delivery>, StoreError> {
        let mut conn = self.read().await?;
        let total = conn.one(&COUNT, args![account, target, since]).await?.number("total")?;
        let rows = conn.all(&LIST, args![account, target, since, page.limit, page.offset]).await?;
        let data = rows.iter().map(Delivery::from_row).collect::<Result<_, _>>()?;
        Ok(Paged::new(data, total, page))
    }

    /// Up to `limit` deliveries of the account that pass the filter. None when
    /// the account has no delivery of the id `before`.
    pub async fn find_deliveries(
        &self,
        account: &AccountId,
        filter: &DeliveryFilter,
        limit: u32,
    ) -> Result<Option<DeliveryPage>, StoreError> {
        let mut conn = self.read().await?;
        let mut end = (filter.until.unwrap_or(Timestamp::MAX), LAST.to_owned());
        if filter.until.is_some() {
            // Before the moment, not at it.
            end.1 = String::new();
        }
        if let Some(before) = &filter.before {
            let Some(row) = conn.optional(&ONE, args![account, before]).await? else { return Ok(None) };
            end = end.min((row.time("created_at")?, row.text("id")?));
        }
        let run = match filter.status {
            None => &ANY,
            Some(DeliveryStatus::Pending) => &PENDING,
            Some(DeliveryStatus::Success) => &SUCCEEDED,
            Some(DeliveryStatus::Failed) => &FAILED,
        };
        let since = filter.since.unwrap_or(Timestamp::UNIX_EPOCH);
        let (event_type, agent) = (filter.event_type.clone(), filter.agent_id.as_ref());
        let args = args![account, end.0, end.1, since, event_type, agent, limit.saturating_add(1)];
        let rows = conn.all(run, args).await?;
        let mut data = rows.iter().map(Delivery::from_row).collect::<Result<Vec<_>, _>>()?;
        let has_more = data.len() > limit as usize;
        data.truncate(limit as usize);
        Ok(Some(DeliveryPage { data, has_more }))
    }

    /// One delivery, and every attempt of it, first to last.
    pub async fn delivery(
        &self,
        account: &AccountId,
        delivery_id: &str,
    ) -> Result<Option<(Delivery, Vec<PastAttempt>)>, StoreError> {
        let mut conn = self.read().await?;
        let Some(row) = conn.optional(&ONE, args![account, delivery_id]).await? else { return Ok(None) };
        let delivery = Delivery::from_row(&row)?;
        let rows = conn.all(&ATTEMPTS, args![&delivery.event.id]).await?;
        let attempts = rows.iter().map(PastAttempt::from_row).collect::<Result<_, _>>()?;
        Ok(Some((delivery, attempts)))
    }
}

impl PastAttempt {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            n: row.number("n")?,
            at: row.time("at")?,
            took: Duration::from_millis(row.number("took_ms")?),
            http_status: row.opt_number("http_status")?,
            error: row.opt_text("error")?,
            response_body: row.opt_text("response_body")?,
        })
    }
}
