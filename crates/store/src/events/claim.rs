//! Claiming due events, with leases.

use std::time::Duration;

use offhook_model::{Timestamp, id::EventId};

use crate::{
    Attempt, Delivery, Store, StoreError, events::count_outcome, statement::statements, value::args,
};

/// The right to deliver an event until a moment; it fences late results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The event.
    pub event_id: EventId,
    /// Who claimed it.
    pub owner: String,
    /// Until when nobody else may.
    pub until: Timestamp,
}

/// An event to deliver now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedEvent {
    /// The event, and what came of earlier attempts.
    pub delivery: Delivery,
    /// To be shown with the result.
    pub lease: Lease,
}

statements! {
    CLAIM = "UPDATE events SET lease_owner = $1, lease_until = $2 WHERE id IN (
        SELECT e.id FROM events e WHERE e.status = 'pending' AND e.next_attempt_at <= $3
        AND (e.lease_until IS NULL OR e.lease_until <= $3)
        ORDER BY e.next_attempt_at, e.id LIMIT $4 /*pg: FOR UPDATE SKIP LOCKED */) RETURNING *";
    RECORD = "UPDATE events SET status = $4, attempt_count = attempt_count + 1, http_status = $5, error = $6,
        response_body = $7, response_ms = $8, next_attempt_at = $9, last_attempt_at = $10,
        lease_owner = NULL, lease_until = NULL
        WHERE id = $1 AND lease_owner = $2 AND lease_until = $3 AND status = 'pending'
        RETURNING account_id, created_at";
    NEXT_DUE = "SELECT MIN(CASE WHEN lease_until > next_attempt_at THEN lease_until ELSE next_attempt_at END) AS due
        FROM events WHERE status = 'pending'";
}

impl Store {
    /// Claims up to `limit` due events of any account, longest due first.
    /// Nobody else gets them until the lease ends; then, if no result was
    /// recorded, anybody may: delivery is at least once.
    pub async fn claim_events(
        &self,
        owner: &str,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<ClaimedEvent>, StoreError> {
        let owner = owner.to_owned();
        let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let until_ms = now.as_millisecond().saturating_add(lease_ms);
        let until = Timestamp::from_millisecond(until_ms).unwrap_or(Timestamp::MAX);
        self.write(move |tx| {
            let owner = owner.clone();
            Box::pin(async move {
                let mut claimed = Vec::new();
                for row in tx.all(&CLAIM, args![&owner, until, now, limit]).await? {
                    let delivery = Delivery::from_row(&row)?;
                    let lease = Lease {
                        event_id: delivery.event.id.clone(),
                        owner: owner.clone(),
                        until: row.time("lease_until")?,
                    };
                    claimed.push(ClaimedEvent { delivery, lease });
                }
                // RETURNING promises no order.
                claimed.sort_by(|a, b| order(a).cmp(&order(b)));
                Ok(claimed)
            })
        })
        .await
    }

    /// Stores what came of an attempt and gives the lease back. False when the
    /// lease was lost: somebody else has the event, and this result is dropped.
    pub async fn record_attempt(&self, lease: &Lease, attempt: &Attempt) -> Result<bool, StoreError> {
        let args = args![
            &lease.event_id,
            &lease.owner,
            lease.until,
            attempt.status().as_str(),
            attempt.http_status.map(i64::from),
            attempt.error.clone(),
            attempt.kept_body(),
            attempt.took_ms(),
            attempt.next_at(),
            attempt.at
        ];
        let attempt = attempt.clone();
        self.write(move |tx| {
            let (args, attempt) = (args.clone(), attempt.clone());
            Box::pin(async move {
                let Some(row) = tx.optional(&RECORD, args).await? else { return Ok(false) };
                count_outcome(tx, &row.id("account_id")?, row.time("created_at")?, &attempt).await?;
                Ok(true)
            })
        })
        .await
    }

    /// When the next event is due, or its lease over; none without pending ones.
    pub async fn next_event_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read().await?.one(&NEXT_DUE, args![]).await?.opt_time("due")
    }
}

fn order(claimed: &ClaimedEvent) -> (Option<Timestamp>, &EventId) {
    (claimed.delivery.next_attempt_at, &claimed.delivery.event.id)
}
