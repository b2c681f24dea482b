//! Transcripts and recordings.

use offhook_model::{
    Timestamp,
    erasure::Places,
    id::{AccountId, CallId},
};

use super::DELETED;
use crate::{Store, StoreError, row::Row, statement::statements, value::args};

statements! {
    WORDS_BEFORE = "SELECT id, started_at, recording FROM calls WHERE account_id = $1 AND erased_at IS NULL
        AND ended_at IS NOT NULL AND ended_at < $2 ORDER BY ended_at LIMIT $3";
    RECORDED_BEFORE = "SELECT id, started_at, recording FROM calls WHERE account_id = $1
        AND recording IS NOT NULL AND ended_at < $2 ORDER BY ended_at LIMIT $3";
    WITH = "SELECT id, started_at, recording FROM calls WHERE account_id = $1 AND (from_number = $2 OR to_number = $2)
        AND ended_at IS NOT NULL ORDER BY started_at, id LIMIT $3";
    LIVE_WITH = "SELECT COUNT(*) AS live FROM calls WHERE account_id = $1 AND ended_at IS NULL
        AND (from_number = $2 OR to_number = $2)";
    TURNS = "DELETE FROM turns WHERE call_id = $1 AND EXISTS (SELECT 1 FROM calls c
        WHERE c.id = $1 AND c.account_id = $2 AND c.ended_at IS NOT NULL)";
    SILENCE = "UPDATE calls SET erased_at = $3, metadata = CASE WHEN $4 THEN NULL ELSE metadata END
        WHERE account_id = $1 AND id = $2 AND ended_at IS NOT NULL";
    UNRECORD = "UPDATE calls SET recording = NULL WHERE account_id = $1 AND id = $2 AND recording IS NOT NULL
        AND ended_at IS NOT NULL";
    UNNAME = "UPDATE calls SET
        from_number = CASE WHEN from_number = $3 THEN CAST($4 AS TEXT) ELSE from_number END,
        to_number = CASE WHEN to_number = $3 THEN CAST($4 AS TEXT) ELSE to_number END
        WHERE account_id = $1 AND id = $2 AND (from_number = $3 OR to_number = $3)";
}

/// A call that is over and has something to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasableCall {
    /// Its id, which also names its recording.
    pub id: CallId,
    /// When it began: nothing tells of it earlier.
    pub started_at: Timestamp,
    /// Whether a recording is kept.
    pub is_recorded: bool,
}

impl ErasableCall {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id("id")?,
            started_at: row.time("started_at")?,
            is_recorded: row.opt_text("recording")?.is_some(),
        })
    }
}

impl Store {
    /// Calls that ended before and still have their words; earliest first.
    pub async fn calls_with_words(
        &self,
        account: &AccountId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ErasableCall>, StoreError> {
        let rows = self.read().await?.all(&WORDS_BEFORE, args![account, before, limit]).await?;
        rows.iter().map(ErasableCall::from_row).collect()
    }

    /// Calls that ended before and still have their recording; earliest first.
    pub async fn calls_with_recording(
        &self,
        account: &AccountId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ErasableCall>, StoreError> {
        let rows = self.read().await?.all(&RECORDED_BEFORE, args![account, before, limit]).await?;
        rows.iter().map(ErasableCall::from_row).collect()
    }

    /// Calls that are over and name a person.
    pub async fn calls_naming(
        &self,
        account: &AccountId,
        person: &str,
        limit: u32,
    ) -> Result<Vec<ErasableCall>, StoreError> {
        let rows = self.read().await?.all(&WITH, args![account, person, limit]).await?;
        rows.iter().map(ErasableCall::from_row).collect()
    }

    /// Whether the account talks with a person right now.
    pub async fn is_talking_with(&self, account: &AccountId, person: &str) -> Result<bool, StoreError> {
        Ok(self.read().await?.one(&LIVE_WITH, args![account, person]).await?.int("live")? > 0)
    }

    /// Removes the transcript of a call that is over; with `metadata` also what
    /// its owner stored with it.
    pub async fn erase_words(
        &self,
        account: &AccountId,
        call: &CallId,
        at: Timestamp,
        metadata: bool,
    ) -> Result<Places, StoreError> {
        let (account, call) = (account.clone(), call.clone());
        self.write(move |tx| {
            let (account, call) = (account.clone(), call.clone());
            Box::pin(async move {
                let turns = tx.execute(&TURNS, args![&call, &account]).await?;
                tx.execute(&SILENCE, args![&account, &call, at, metadata]).await?;
                Ok(Places { turns, ..Places::default() })
            })
        })
        .await
    }

    /// Notes that a call's recording is gone.
    pub async fn forget_recording(&self, account: &AccountId, call: &CallId) -> Result<bool, StoreError> {
        Ok(self.execute(&UNRECORD, args![account, call]).await? == 1)
    }

    /// Takes a person's number out of a call's row.
    pub async fn unname_call(
        &self,
        account: &AccountId,
        call: &CallId,
        person: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(&UNNAME, args![account, call, person, DELETED]).await? == 1)
    }
}
