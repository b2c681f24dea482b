//! What may be sent now, found without reading past what may not.
//!
//! In the order of their time, the first few hundred rows are all that is ever
//! looked at. Where an endpoint that takes nothing has filled them, the worker
//! asks for the endpoints instead, one seek of the index each, and for the rows
//! of those that have room. A million rows of a dead endpoint are never read.

use offhook_model::{Timestamp, id::EventId};

use super::{Endpoint, Lane};
use crate::{Store, StoreError, statement::statements, value::args};

/// A row that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueEvent {
    /// The event.
    pub id: EventId,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// Whether an earlier first attempt of its conversation is not over.
    pub is_held: bool,
}

/// Rows of an endpoint that are looked at for some that no earlier one holds.
const LOOK_THROUGH: u32 = 1_000;

/// An earlier first attempt of the same conversation, to the same endpoint, is
/// pending or under way. The first one is one seek, however many there are.
macro_rules! held {
    () => {
        "(SELECT MIN(b.event_id) FROM outbox b WHERE b.lane = 0 AND b.order_key = o.order_key
            AND b.endpoint = o.endpoint) < o.event_id"
    };
}

statements! {
    HEAD = concat!("SELECT o.event_id, o.endpoint, CAST(CASE WHEN o.lane = 0 AND ", held!(), " THEN 1 ELSE 0 END
        AS BIGINT) AS held FROM outbox o WHERE o.lane = $1 AND o.due_at <= $2 ORDER BY o.due_at, o.event_id LIMIT $3");
    // MIN over an index is one seek; so each round of the recursion is.
    ENDPOINTS = "WITH RECURSIVE found (endpoint, n) AS (
        SELECT MIN(endpoint), 1 FROM outbox WHERE lane = $1 AND endpoint > $2
        UNION ALL SELECT (SELECT MIN(o.endpoint) FROM outbox o WHERE o.lane = $1 AND o.endpoint > f.endpoint), f.n + 1
            FROM found f WHERE f.endpoint IS NOT NULL AND f.n < $3)
        SELECT f.endpoint, (SELECT MIN(o.due_at) FROM outbox o WHERE o.lane = $1 AND o.endpoint = f.endpoint) AS due_at
        FROM found f WHERE f.endpoint IS NOT NULL";
    // No order outside: it would have all the rows read before the first is given. They come as inside.
    OF_ENDPOINT = concat!("SELECT o.event_id FROM (SELECT event_id, lane, endpoint, order_key, due_at FROM outbox
        WHERE lane = $1 AND endpoint = $2 AND due_at <= $3 ORDER BY due_at, event_id LIMIT $4) o
        WHERE o.lane <> 0 OR NOT (", held!(), ") LIMIT $5");
    NEXT = "SELECT MIN(due_at) AS due FROM outbox WHERE lane = $1 AND due_at > $2";
}

impl Store {
    /// The first `limit` rows of a lane that are due, longest due first, those
    /// included that are held.
    pub async fn due_events(
        &self,
        lane: Lane,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueEvent>, StoreError> {
        let rows = self.read().await?.all(&HEAD, args![lane.number(), now, limit]).await?;
        rows.iter()
            .map(|row| {
                Ok(DueEvent {
                    id: row.id("event_id")?,
                    endpoint: Endpoint::from_column(&row.text("endpoint")?)?,
                    is_held: row.int("held")? != 0,
                })
            })
            .collect()
    }

    /// Up to `limit` endpoints with rows in a lane, in the order of their names
    /// from behind `after` on, each with when its first row is due.
    pub async fn waiting_endpoints(
        &self,
        lane: Lane,
        after: Option<&Endpoint>,
        limit: u32,
    ) -> Result<Vec<(Endpoint, Timestamp)>, StoreError> {
        let after = after.map(Endpoint::to_string).unwrap_or_default();
        let rows = self.read().await?.all(&ENDPOINTS, args![lane.number(), after, limit]).await?;
        rows.iter()
            .filter_map(|row| {
                // A row that was deleted in between leaves nothing due.
                let due = row.opt_time("due_at").transpose()?;
                let endpoint = row.text("endpoint").and_then(|text| Endpoint::from_column(&text));
                Some(endpoint.and_then(|endpoint| Ok((endpoint, due?))))
            })
            .collect()
    }

    /// Up to `limit` rows of one endpoint that are due and not held, among its
    /// first thousand.
    pub async fn due_events_of(
        &self,
        lane: Lane,
        endpoint: &Endpoint,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<EventId>, StoreError> {
        let args = args![lane.number(), endpoint.to_string(), now, LOOK_THROUGH.max(limit), limit];
        let rows = self.read().await?.all(&OF_ENDPOINT, args).await?;
        rows.iter().map(|row| row.id("event_id")).collect()
    }

    /// When the next row of a lane becomes due after `now`, be it its attempt or
    /// the end of its lease.
    pub async fn next_event_due(&self, lane: Lane, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read().await?.one(&NEXT, args![lane.number(), now]).await?.opt_time("due")
    }
}
