//! Sending again what was delivered or given up.

use std::sync::Arc;

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, EventId},
};

use super::{DeliveryStatus, Lane, id_set};
use crate::{
    Store, StoreError, conn::Conn, row::Row, statement::statements, usage::tally::Counts, value::args,
};

/// What came of asking for one delivery again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// It is pending again.
    Queued,
    /// It was pending anyway.
    Pending,
    /// A voice turn: the caller it was for has gone on.
    VoiceTurn,
    /// The account has no such delivery.
    Unknown,
}

/// Which deliveries to send again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayFilter {
    /// [`DeliveryStatus::Success`] or [`DeliveryStatus::Failed`].
    pub status: DeliveryStatus,
    /// Of events from this moment on.
    pub since: Timestamp,
    /// Of events before this moment; those replayed since are left alone, so
    /// that asking twice is asking once.
    pub until: Timestamp,
    /// Only these.
    pub event_type: Option<String>,
    /// Only events of this agent.
    pub agent_id: Option<AgentId>,
}

/// Deliveries put back in one transaction.
const CHUNK: u32 = 500;

macro_rules! chosen {
    ($status:literal) => {
        concat!(
            "SELECT id, account_id, status, created_at FROM events WHERE account_id = $1 AND created_at >= $2
            AND created_at < $3 AND status = '",
            $status,
            "' AND (replayed_at IS NULL OR replayed_at < $3) AND (channel <> 'voice' OR event_type <> 'agent.message')
            AND (CAST($4 AS TEXT) IS NULL OR event_type = $4) AND (CAST($5 AS TEXT) IS NULL OR agent_id = $5)
            ORDER BY created_at, id LIMIT $6 /*pg: FOR UPDATE SKIP LOCKED */"
        )
    };
}

statements! {
    ONE = "SELECT id, account_id, status, created_at, channel, event_type FROM events
        WHERE account_id = $1 AND delivery_id = $2 /*pg: FOR UPDATE */";
    FAILED = chosen!("failed");
    SUCCEEDED = chosen!("success");
    // Only what is over may begin again: a pending one has its row in the outbox.
    AGAIN = "UPDATE events SET status = 'pending', next_attempt_at = $2, replayed_at = $2
        WHERE id IN (SELECT key FROM json_each($1 /*pg: ::json */))";
    QUEUE = "INSERT INTO outbox (event_id, lane, endpoint, order_key, due_at, attempts)
        SELECT id, CAST($3 AS BIGINT), account_id || '/' || target, COALESCE(order_key, id), CAST($2 AS BIGINT), 0
        FROM events WHERE id IN (SELECT key FROM json_each($1 /*pg: ::json */))";
}

impl Store {
    /// Begins one more round of attempts of one delivery, under the same id,
    /// with the whole schedule, as if its event had just happened.
    pub async fn replay_delivery(
        &self,
        account: &AccountId,
        delivery_id: &str,
        now: Timestamp,
    ) -> Result<Replay, StoreError> {
        let (account, delivery_id) = (account.clone(), delivery_id.to_owned());
        self.write(move |tx| {
            let (account, delivery_id) = (account.clone(), delivery_id.clone());
            Box::pin(async move {
                let Some(row) = tx.optional(&ONE, args![&account, &delivery_id]).await? else {
                    return Ok(Replay::Unknown);
                };
                if row.word("status", DeliveryStatus::from_word)? == DeliveryStatus::Pending {
                    return Ok(Replay::Pending);
                }
                if row.text("channel")? == "voice" && row.text("event_type")? == "agent.message" {
                    return Ok(Replay::VoiceTurn);
                }
                again(tx, &[row], Lane::First, now).await?;
                Ok(Replay::Queued)
            })
        })
        .await
    }

    /// The same for up to `limit` deliveries, oldest event first, but in the
    /// lane of retries: live events go first. Answers how many.
    pub async fn replay_deliveries(
        &self,
        account: &AccountId,
        filter: &ReplayFilter,
        now: Timestamp,
        limit: u32,
    ) -> Result<u32, StoreError> {
        let (account, filter) = (account.clone(), Arc::new(filter.clone()));
        let mut replayed = 0;
        while replayed < limit {
            let (account, filter) = (account.clone(), Arc::clone(&filter));
            let wanted = CHUNK.min(limit - replayed);
            let found = self
                .write(move |tx| {
                    let (account, filter) = (account.clone(), Arc::clone(&filter));
                    Box::pin(async move {
                        let run = if filter.status == DeliveryStatus::Success { &SUCCEEDED } else { &FAILED };
                        let args = args![
                            &account,
                            filter.since,
                            filter.until,
                            filter.event_type.clone(),
                            filter.agent_id.as_ref(),
                            wanted
                        ];
                        let rows = tx.all(run, args).await?;
                        again(tx, &rows, Lane::Retry, now).await?;
                        Ok(u32::try_from(rows.len()).unwrap_or(wanted))
                    })
                })
                .await?;
            replayed += found;
            if found < wanted {
                break;
            }
        }
        Ok(replayed)
    }
}

/// Puts deliveries that are over back into the outbox; what they were counted
/// as is taken back.
async fn again(tx: &mut Conn, rows: &[Row], lane: Lane, now: Timestamp) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut counts = Counts::default();
    let mut ids: Vec<EventId> = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(kind) = row.word("status", DeliveryStatus::from_word)?.counted() {
            counts.add(&row.id("account_id")?, kind, row.time("created_at")?, -1);
        }
        ids.push(row.id("id")?);
    }
    let set = id_set(&ids);
    tx.execute(&AGAIN, args![&set, now]).await?;
    tx.execute(&QUEUE, args![&set, now, lane.number()]).await?;
    counts.write(tx).await
}
