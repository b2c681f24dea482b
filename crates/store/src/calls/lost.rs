//! Calls whose process died.
//!
//! Every boot of a process is an incarnation with its own id, the `owner` of
//! its calls. It writes a heartbeat, and of every call that is up how far it
//! was; calls of an owner that is silent for too long are lost, and somebody
//! must end them there.
//!
//! Every write of an owner asks for its own open call (`owner = me AND
//! ended_at IS NULL`). Who was declared dead finds none and writes nothing.

use std::collections::HashSet;

use offhook_model::{Timestamp, id::CallId};
use serde_json::{Map, Value as Json};

use crate::{Call, Db, Store, StoreError, calls::from_row, row::to_json, statement::statements, value::args};

statements! {
    HEARTBEAT = "INSERT INTO incarnations (id, seen_at) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at";
    // A cluster's clocks differ; leases are judged by the one clock all share.
    CLOCK = "SELECT CAST(COALESCE(
        /*pg: CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT), */
        CAST($1 AS BIGINT), 0) AS BIGINT) AS now";
    // An object's keys, because both databases take one apart with the same word.
    CHECKPOINT = "UPDATE calls SET checkpoint_at = $2 WHERE owner = $1 AND ended_at IS NULL
        AND id IN (SELECT key FROM json_each($3 /*pg: ::json */)) RETURNING id";
    LOST = "SELECT c.* FROM calls c LEFT JOIN incarnations i ON i.id = c.owner
        WHERE c.ended_at IS NULL AND c.owner <> $1 AND (i.seen_at IS NULL OR i.seen_at < $2)
        ORDER BY c.started_at, c.id LIMIT $3";
    FORGET = "DELETE FROM incarnations WHERE id <> $1 AND seen_at < $2
        AND NOT EXISTS (SELECT 1 FROM calls c WHERE c.owner = incarnations.id AND c.ended_at IS NULL)";
}

impl Store {
    /// The time as the database has it: PostgreSQL's own clock, for all who
    /// share it; on SQLite `now`, which is the only clock there.
    pub async fn clock(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        match self.kind() {
            Db::Sqlite => Ok(now),
            Db::Postgres => self.read().await?.one(&CLOCK, args![now]).await?.time("now"),
        }
    }

    /// Stores that these calls of `owner` are up at `at`, in one statement.
    /// Returns those that it does not hold any more: over, or taken from it.
    pub async fn checkpoint_calls(
        &self,
        owner: &str,
        at: Timestamp,
        calls: &[CallId],
    ) -> Result<Vec<CallId>, StoreError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Map<String, Json> = calls.iter().map(|id| (id.to_string(), Json::Bool(true))).collect();
        let (owner, ids) = (owner.to_owned(), to_json(&Json::Object(ids))?);
        let held = self
            .write(move |tx| {
                let (owner, ids) = (owner.clone(), ids.clone());
                Box::pin(async move {
                    let rows = tx.all(&CHECKPOINT, args![owner, at, ids]).await?;
                    rows.iter().map(|row| row.id("id")).collect::<Result<HashSet<CallId>, _>>()
                })
            })
            .await?;
        Ok(calls.iter().filter(|id| !held.contains(*id)).cloned().collect())
    }

    /// Tells the other nodes that this incarnation lives; `now` by
    /// [`Store::clock`].
    pub async fn heartbeat(&self, incarnation: &str, now: Timestamp) -> Result<(), StoreError> {
        self.execute(&HEARTBEAT, args![incarnation, now]).await.map(drop)
    }

    /// Open calls, of any account, whose owner is another incarnation that was
    /// not seen since `silent_since`; oldest first. End each with
    /// [`Store::end_call`], which lets only one node do so.
    ///
    /// On SQLite there is one process: at its start pass the present time.
    pub async fn lost_calls(
        &self,
        incarnation: &str,
        silent_since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Call>, StoreError> {
        let rows = self.read().await?.all(&LOST, args![incarnation, silent_since, limit]).await?;
        rows.iter().map(from_row).collect()
    }

    /// Drops the heartbeats of incarnations that are gone and own no open call.
    pub async fn forget_incarnations(
        &self,
        incarnation: &str,
        silent_since: Timestamp,
    ) -> Result<u64, StoreError> {
        self.execute(&FORGET, args![incarnation, silent_since]).await
    }
}
