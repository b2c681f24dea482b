//! Claiming due events, with leases.

use std::{collections::HashMap, time::Duration};

use offhook_model::{Timestamp, id::EventId};

use super::{Delivery, Lane, id_set};
use crate::{Store, StoreError, statement::statements, value::args};

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
    /// Where it was claimed from.
    pub lane: Lane,
    /// Attempts made in this round of the schedule; a replay begins another.
    pub attempts: u32,
    /// To be shown with the result.
    pub lease: Lease,
}

statements! {
    CLAIM = "UPDATE outbox SET lease_owner = $1, lease_until = $2, due_at = $2 WHERE event_id IN (
        SELECT o.event_id FROM outbox o WHERE o.event_id IN (SELECT key FROM json_each($3 /*pg: ::json */))
        AND o.due_at <= $4 /*pg: FOR UPDATE SKIP LOCKED */) RETURNING event_id, lane, attempts";
    BODIES = "SELECT * FROM events WHERE id IN (SELECT key FROM json_each($1 /*pg: ::json */))";
    // Whoever owns a lease and was not seen since is dead; nobody else waits for it.
    RELEASE = "UPDATE outbox SET lease_owner = NULL, lease_until = NULL, due_at = $2
        WHERE lease_owner IS NOT NULL AND lease_owner <> $1 AND NOT EXISTS (
            SELECT 1 FROM incarnations i WHERE i.id = outbox.lease_owner AND i.seen_at >= $3)";
}

impl Store {
    /// Claims those of `ids` that are still due, of any account. Nobody else
    /// gets them until the lease ends; then, if no result was recorded, anybody
    /// may: delivery is at least once.
    ///
    /// The answer is in the order of `ids`.
    pub async fn claim_events(
        &self,
        owner: &str,
        now: Timestamp,
        lease: Duration,
        ids: &[EventId],
    ) -> Result<Vec<ClaimedEvent>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let until_ms = now.as_millisecond().saturating_add(lease_ms);
        let until = Timestamp::from_millisecond(until_ms).unwrap_or(Timestamp::MAX);
        let (set, claimer) = (id_set(ids), owner.to_owned());
        let mut claimed = self
            .write(move |tx| {
                let (set, claimer) = (set.clone(), claimer.clone());
                Box::pin(async move {
                    let mut claimed = HashMap::new();
                    for row in tx.all(&CLAIM, args![&claimer, until, set, now]).await? {
                        let lane = Lane::from_number(row.int("lane")?);
                        claimed.insert(row.id::<EventId>("event_id")?, (lane, row.number("attempts")?));
                    }
                    let bodies = tx.all(&BODIES, args![id_set(claimed.keys())]).await?;
                    let mut events = HashMap::new();
                    for row in bodies {
                        let delivery = Delivery::from_row(&row)?;
                        let Some((lane, attempts)) = claimed.get(&delivery.event.id).copied() else {
                            continue;
                        };
                        let lease =
                            Lease { event_id: delivery.event.id.clone(), owner: claimer.clone(), until };
                        let id = delivery.event.id.clone();
                        events.insert(id, ClaimedEvent { delivery, lane, attempts, lease });
                    }
                    Ok(events)
                })
            })
            .await?;
        Ok(ids.iter().filter_map(|id| claimed.remove(id)).collect())
    }

    /// Takes the leases of dead processes away, so that their events are due
    /// now: of every other owner without a heartbeat since `silent_since`.
    /// Answers how many. Reads the whole outbox: for starts, not for every pass.
    ///
    /// On SQLite there is one process: at its start pass the present time.
    pub async fn release_dead_leases(
        &self,
        owner: &str,
        now: Timestamp,
        silent_since: Timestamp,
    ) -> Result<u64, StoreError> {
        self.execute(&RELEASE, args![owner, now, silent_since]).await
    }
}
