//! Writing down what came of attempts, many in one transaction.

use std::{collections::HashMap, sync::Arc};

use offhook_model::id::{AccountId, EventId};
use serde_json::{Map, Value as Json, json};

use super::{Attempt, DeliveryStatus, Lease, id_set};
use crate::{
    Store, StoreError, conn::Conn, statement::statements, usage::tally::Counts, value::args,
    value::without_nul,
};

// Many results are one argument: an object of objects by event id, which both
// databases unfold as rows.
statements! {
    HELD = "SELECT event_id, lease_until FROM outbox WHERE lease_owner = $1
        AND event_id IN (SELECT key FROM json_each($2 /*pg: ::json */)) /*pg: FOR UPDATE */";
    OVER = "DELETE FROM outbox WHERE event_id IN (SELECT key FROM json_each($1 /*pg: ::json */))";
    AGAIN = "UPDATE outbox SET lane = 1, attempts = outbox.attempts + 1, due_at = CAST(r.value ->> 'next' AS BIGINT),
        lease_owner = NULL, lease_until = NULL FROM json_each($1 /*pg: ::json */) AS r WHERE outbox.event_id = r.key";
    LOG = "UPDATE events SET status = r.value ->> 'status', attempt_count = events.attempt_count + 1,
        http_status = CAST(r.value ->> 'http' AS BIGINT), error = r.value ->> 'error',
        response_body = r.value ->> 'body', response_ms = CAST(r.value ->> 'took' AS BIGINT),
        next_attempt_at = CAST(r.value ->> 'next' AS BIGINT), last_attempt_at = CAST(r.value ->> 'at' AS BIGINT)
        FROM json_each($1 /*pg: ::json */) AS r WHERE events.id = r.key
        RETURNING events.id AS event_id, account_id, status, created_at";
    KEEP = "INSERT INTO delivery_attempts (event_id, n, at, took_ms, http_status, error, response_body)
        SELECT id, attempt_count, last_attempt_at, response_ms, http_status, error, response_body
        FROM events WHERE id IN (SELECT key FROM json_each($1 /*pg: ::json */))";
}

impl Store {
    /// Stores what came of attempts and gives their leases back, all in one
    /// transaction. For each, in order: false when its lease was lost; somebody
    /// else has the event then, and this result is dropped.
    ///
    /// All leases are of one owner, and no event comes twice.
    pub async fn record_attempts(&self, results: Vec<(Lease, Attempt)>) -> Result<Vec<bool>, StoreError> {
        let Some((Lease { owner, .. }, _)) = results.first() else { return Ok(Vec::new()) };
        let (owner, results) = (owner.clone(), Arc::new(results));
        self.write(move |tx| {
            let (owner, results) = (owner.clone(), Arc::clone(&results));
            Box::pin(async move { record(tx, &owner, &results).await })
        })
        .await
    }
}

async fn record(tx: &mut Conn, owner: &str, results: &[(Lease, Attempt)]) -> Result<Vec<bool>, StoreError> {
    let set = id_set(results.iter().map(|(lease, _)| &lease.event_id));
    let mut held = HashMap::new();
    for row in tx.all(&HELD, args![owner, set]).await? {
        held.insert(row.id::<EventId>("event_id")?, row.opt_time("lease_until")?);
    }
    let ours: Vec<bool> =
        results.iter().map(|(lease, _)| held.get(&lease.event_id) == Some(&Some(lease.until))).collect();
    let kept = || results.iter().zip(&ours).filter(|(_, ours)| **ours).map(|(result, _)| result);
    let (again, over): (Vec<_>, Vec<_>) =
        kept().partition(|(_, attempt)| attempt.status() == DeliveryStatus::Pending);
    if !over.is_empty() {
        tx.execute(&OVER, args![id_set(over.iter().map(|(lease, _)| &lease.event_id))]).await?;
    }
    if !again.is_empty() {
        tx.execute(&AGAIN, args![table(again.into_iter())]).await?;
    }
    if ours.contains(&true) {
        let mut counts = Counts::default();
        for row in tx.all(&LOG, args![table(kept())]).await? {
            if let Some(kind) = row.word("status", DeliveryStatus::from_word)?.counted() {
                counts.add(&row.id::<AccountId>("account_id")?, kind, row.time("created_at")?, 1);
            }
        }
        let ids: Vec<&EventId> = kept().map(|(lease, _)| &lease.event_id).collect();
        keep(tx, &ids).await?;
        counts.write(tx).await?;
    }
    Ok(ours)
}

/// Copies the last attempt of each event to its history.
pub(super) async fn keep(tx: &mut Conn, ids: &[&EventId]) -> Result<(), StoreError> {
    tx.execute(&KEEP, args![id_set(ids.iter().copied())]).await.map(drop)
}

fn table<'a>(results: impl Iterator<Item = &'a (Lease, Attempt)>) -> String {
    let rows: Map<String, Json> = results
        .map(|(lease, attempt)| {
            let row = json!({
                "status": attempt.status().as_str(),
                "http": attempt.http_status,
                "error": attempt.error.clone().map(without_nul),
                "body": attempt.kept_body().map(without_nul),
                "took": attempt.took_ms(),
                "next": attempt.next_at().map(|at| at.as_millisecond()),
                "at": attempt.at.as_millisecond(),
            });
            (lease.event_id.to_string(), row)
        })
        .collect();
    Json::Object(rows).to_string()
}
