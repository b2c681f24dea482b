//! Calls whose process died.
//!
//! Every boot of a process is an incarnation with its own id, the `owner` of
//! its calls. It writes a heartbeat; calls of an owner that is silent for too
//! long are lost, and somebody must end them.

use offhook_model::Timestamp;

use crate::{Call, Store, StoreError, calls::from_row, statement::statements, value::args};

statements! {
    HEARTBEAT = "INSERT INTO incarnations (id, seen_at) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at";
    LOST = "SELECT c.* FROM calls c LEFT JOIN incarnations i ON i.id = c.owner
        WHERE c.ended_at IS NULL AND c.owner <> $1 AND (i.seen_at IS NULL OR i.seen_at < $2)
        ORDER BY c.started_at, c.id LIMIT $3";
    FORGET = "DELETE FROM incarnations WHERE id <> $1 AND seen_at < $2
        AND NOT EXISTS (SELECT 1 FROM calls c WHERE c.owner = incarnations.id AND c.ended_at IS NULL)";
}

impl Store {
    /// Tells the other nodes that this incarnation lives.
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
