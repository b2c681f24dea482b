//! Transcripts.

use offhook_model::{
    id::{AccountId, CallId, TurnId},
    report::{Role, Turn},
};

use crate::{
    Store, StoreError,
    row::{Row, to_json},
    statement::statements,
    value::args,
};

/// A turn with its id.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTurn {
    /// Its id.
    pub id: TurnId,
    /// What was said.
    pub turn: Turn,
}

statements! {
    APPEND = "INSERT INTO turns (call_id, idx, id, role, body, confidence, at, interrupted, latency)
        SELECT c.id, CAST($3 AS BIGINT), $4, $5, $6, CAST($7 AS DOUBLE PRECISION), CAST($8 AS BIGINT),
            CAST($9 AS BOOLEAN), CAST($10 AS TEXT)
        FROM calls c WHERE c.account_id = $1 AND c.id = $2 AND c.owner = $11 AND c.ended_at IS NULL
        ON CONFLICT (call_id, idx) DO NOTHING";
    LIST = "SELECT t.* FROM turns t JOIN calls c ON c.id = t.call_id
        WHERE c.account_id = $1 AND c.id = $2 ORDER BY t.idx";
}

impl Store {
    /// Adds a turn to a running call of `owner`. False when the call is
    /// unknown, over or not this owner's, or the turn of this index is stored
    /// already.
    pub async fn append_turn(
        &self,
        owner: &str,
        account: &AccountId,
        call: &CallId,
        id: &TurnId,
        turn: &Turn,
    ) -> Result<bool, StoreError> {
        let latency = turn.latency.as_ref().map(to_json).transpose()?;
        let args = args![
            account,
            call,
            turn.index,
            id,
            turn.role.as_str(),
            &turn.text,
            turn.confidence,
            turn.at,
            turn.interrupted,
            latency,
            owner
        ];
        Ok(self.execute(&APPEND, args).await? == 1)
    }

    /// A call's whole transcript, in order.
    pub async fn turns(&self, account: &AccountId, call: &CallId) -> Result<Vec<StoredTurn>, StoreError> {
        self.read().await?.all(&LIST, args![account, call]).await?.into_iter().map(from_row).collect()
    }
}

fn from_row(row: Row) -> Result<StoredTurn, StoreError> {
    Ok(StoredTurn {
        id: row.id("id")?,
        turn: Turn {
            index: row.number("idx")?,
            role: row.word("role", Role::from_word)?,
            text: row.text("body")?,
            confidence: row.opt_real("confidence")?,
            at: row.time("at")?,
            interrupted: row.flag("interrupted")?,
            latency: row.opt_json("latency")?,
        },
    })
}
