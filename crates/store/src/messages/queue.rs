//! The queue in front of the carrier: at most once, in order per number.
//!
//! A row is `queued`, or `submitting` from the commit before its message
//! leaves. Whoever set it to `submitting` reports the outcome; when nobody did
//! before the lease ends, the process died in between, the outcome is unknown,
//! and the message is never handed over again.

use std::time::Duration;

use offhook_model::{
    Timestamp,
    id::{ConversationId, MessageId, NumberId},
    message::{Message, MessageStatus},
};

use crate::{
    Store, StoreError,
    conn::Conn,
    messages::{send::Place, thread},
    row::Row,
    statement::statements,
    value::args,
};

/// The right to hand a message over until a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendClaim {
    /// The message.
    pub message_id: MessageId,
    /// Who claimed it.
    pub owner: String,
    /// Until when nobody else may decide about it.
    pub until: Timestamp,
}

/// What came of handing a message over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The carrier has it.
    Accepted {
        /// The carrier's name of it.
        carrier_id: String,
        /// The carrier's name of a group that was made.
        group: Option<String>,
    },
    /// It will not be sent.
    Failed {
        /// The provider's code.
        code: Option<String>,
        /// Why, in words.
        reason: String,
    },
    /// Nobody knows.
    Unconfirmed,
    /// Nothing left; to be tried again then.
    RetryAt(Timestamp),
}

/// What the reason of an unconfirmed message says.
pub const UNCONFIRMED: &str = "The carrier did not confirm the message; it may or may not arrive";
/// The error code of an unconfirmed message.
pub const UNCONFIRMED_CODE: &str = "DELIVERY_UNCONFIRMED";

statements! {
    ENTER = "INSERT INTO sends (message_id, account_id, number_id, conversation_id, state, slot, due_at, attempts,
        lease_owner, lease_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    CLAIM = "UPDATE sends SET state = 'submitting', attempts = attempts + 1, lease_owner = $1, lease_until = $2
        WHERE message_id IN (SELECT s.message_id FROM sends s WHERE s.state = 'queued' AND s.due_at <= $3
        AND NOT EXISTS (SELECT 1 FROM sends e WHERE e.number_id = s.number_id
            AND (e.slot, e.message_id) < (s.slot, s.message_id))
        ORDER BY s.due_at LIMIT $4 /*pg: FOR UPDATE SKIP LOCKED */) RETURNING message_id, slot, attempts";
    LEAVE = "DELETE FROM sends WHERE message_id = $1 AND lease_owner = $2 AND state = 'submitting'";
    AGAIN = "UPDATE sends SET state = 'queued', due_at = $3, lease_owner = NULL, lease_until = NULL
        WHERE message_id = $1 AND lease_owner = $2 AND state = 'submitting'";
    ACCEPTED = "UPDATE messages SET carrier_id = COALESCE(carrier_id, $2),
        failure_reason = CASE WHEN status = 'unconfirmed' THEN NULL ELSE failure_reason END,
        error_code = CASE WHEN status = 'unconfirmed' THEN NULL ELSE error_code END,
        status = CASE WHEN status IN ('queued', 'unconfirmed') THEN 'sent' ELSE status END
        WHERE id = $1 RETURNING conversation_id";
    GIVEN_UP = "UPDATE messages SET status = $2, failure_reason = $3, error_code = $4
        WHERE id = $1 AND status IN ('queued', 'unconfirmed')";
    LOST = "SELECT message_id FROM sends WHERE state = 'submitting' AND lease_until <= $1
        ORDER BY message_id LIMIT 500 /*pg: FOR UPDATE SKIP LOCKED */";
    FORGET = "DELETE FROM sends WHERE message_id = $1";
    QUEUED_OF = "SELECT s.message_id FROM sends s JOIN messages m ON m.id = s.message_id
        WHERE s.conversation_id = $1 AND s.state = 'queued' AND m.is_automatic = FALSE
        ORDER BY s.slot, s.message_id /*pg: FOR UPDATE OF s */";
    NEXT_DUE = "SELECT MIN(CASE WHEN state = 'queued' THEN due_at ELSE lease_until END) AS due FROM sends";
    WAITING = "SELECT COUNT(*) AS waiting FROM sends WHERE number_id = $1";
}

/// Puts a message into its number's queue.
pub(crate) async fn enter(
    tx: &mut Conn,
    message: &Message,
    place: Place,
    claim: Option<&SendClaim>,
) -> Result<(), StoreError> {
    let (Place::Now { slot } | Place::Later { slot }) = place;
    // Due in whole milliseconds, never early.
    let due_at = slot.div_euclid(1000) + i64::from(slot.rem_euclid(1000) > 0);
    let args = args![
        &message.id,
        &message.account_id,
        &message.number_id,
        &message.conversation_id,
        if claim.is_some() { "submitting" } else { "queued" },
        slot,
        due_at,
        i64::from(claim.is_some()),
        claim.map(|claim| claim.owner.clone()),
        claim.map(|claim| claim.until)
    ];
    tx.execute(&ENTER, args).await.map(drop)
}

/// Gives up what waits for a thread's other side: it wants no texts any more.
pub(crate) async fn drop_queued(
    tx: &mut Conn,
    conversation: &ConversationId,
    reason: &str,
) -> Result<u32, StoreError> {
    let rows = tx.all(&QUEUED_OF, args![conversation]).await?;
    for row in &rows {
        let id: MessageId = row.id("message_id")?;
        fail(tx, &id, MessageStatus::Failed, reason, None).await?;
        tx.execute(&FORGET, args![&id]).await?;
    }
    Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
}

async fn fail(
    tx: &mut Conn,
    id: &MessageId,
    status: MessageStatus,
    reason: &str,
    code: Option<String>,
) -> Result<(), StoreError> {
    tx.execute(&GIVEN_UP, args![id, status.as_str(), reason, code]).await.map(drop)
}

impl Store {
    /// Claims due messages of any account, of each number the first in its
    /// queue, and stores that they are being handed over. With each how many
    /// tries it has had, this one included.
    pub async fn claim_sends(
        &self,
        owner: &str,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<(SendClaim, u32)>, StoreError> {
        let owner = owner.to_owned();
        let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
        let until_ms = now.as_millisecond().saturating_add(lease_ms);
        let until = Timestamp::from_millisecond(until_ms).unwrap_or(Timestamp::MAX);
        self.write(move |tx| {
            let owner = owner.clone();
            Box::pin(async move {
                let mut rows = tx.all(&CLAIM, args![&owner, until, now, limit]).await?;
                // RETURNING promises no order.
                let slot = |row: &Row| row.int("slot").unwrap_or(i64::MAX);
                rows.sort_by_key(slot);
                let claim = |row: &Row| {
                    let message_id = row.id("message_id")?;
                    Ok((SendClaim { message_id, owner: owner.clone(), until }, row.number("attempts")?))
                };
                rows.iter().map(claim).collect()
            })
        })
        .await
    }

    /// Stores what came of handing a message over, and takes it from the
    /// queue. A result that comes after the lease ended still counts for the
    /// message's status: it is the truth, only late.
    pub async fn settle_send(&self, claim: &SendClaim, outcome: SendOutcome) -> Result<(), StoreError> {
        let claim = claim.clone();
        self.write(move |tx| {
            let (claim, outcome) = (claim.clone(), outcome.clone());
            Box::pin(async move {
                let id = &claim.message_id;
                match outcome {
                    SendOutcome::Accepted { carrier_id, group } => {
                        let row = tx.optional(&ACCEPTED, args![id, carrier_id]).await?;
                        if let (Some(row), Some(group)) = (row, group) {
                            thread::name_group(tx, &row.id("conversation_id")?, &group).await?;
                        }
                    }
                    SendOutcome::Failed { code, reason } => {
                        fail(tx, id, MessageStatus::Failed, &reason, code).await?;
                    }
                    SendOutcome::Unconfirmed => {
                        let code = Some(UNCONFIRMED_CODE.to_owned());
                        fail(tx, id, MessageStatus::Unconfirmed, UNCONFIRMED, code).await?;
                    }
                    SendOutcome::RetryAt(at) => {
                        tx.execute(&AGAIN, args![id, &claim.owner, at]).await?;
                        return Ok(());
                    }
                }
                tx.execute(&LEAVE, args![id, &claim.owner]).await.map(drop)
            })
        })
        .await
    }

    /// Closes what a process left behind in the middle of handing over: the
    /// messages count as unconfirmed. How many there were.
    pub async fn close_lost_sends(&self, now: Timestamp) -> Result<u32, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let rows = tx.all(&LOST, args![now]).await?;
                for row in &rows {
                    let id: MessageId = row.id("message_id")?;
                    let code = Some(UNCONFIRMED_CODE.to_owned());
                    fail(tx, &id, MessageStatus::Unconfirmed, UNCONFIRMED, code).await?;
                    tx.execute(&FORGET, args![&id]).await?;
                }
                Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
            })
        })
        .await
    }

    /// When the next message is due, or the next lease over; none when the
    /// queue is empty. A message behind another may be due already.
    pub async fn next_send_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read().await?.one(&NEXT_DUE, args![]).await?.opt_time("due")
    }

    /// How many messages of a number are not at the carrier yet.
    pub async fn waiting_sends(&self, number: &NumberId) -> Result<u64, StoreError> {
        self.read().await?.one(&WAITING, args![number]).await?.number("waiting")
    }
}
