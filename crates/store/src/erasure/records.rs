//! Proofs of deletion: what was removed and what was found afterwards, of whom
//! only a pseudonym.

use offhook_model::{
    Timestamp,
    erasure::Places,
    id::{AccountId, DeletionId},
};

use crate::{Store, StoreError, row::to_json, statement::statements, value::args};

statements! {
    INSERT = "INSERT INTO deletions (id, account_id, subject, removed, remaining, requested_at, finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    BY_ID = "SELECT * FROM deletions WHERE account_id = $1 AND id = $2";
}

/// A deletion that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Its id.
    pub id: DeletionId,
    /// Whose data it was in.
    pub account_id: AccountId,
    /// Of whom, under a keyed hash.
    pub subject: String,
    /// What was removed.
    pub removed: Places,
    /// What a search found afterwards.
    pub remaining: Places,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it was done.
    pub finished_at: Timestamp,
}

impl Store {
    /// Keeps a proof.
    pub async fn record_deletion(&self, deletion: &Deletion) -> Result<(), StoreError> {
        let args = args![
            &deletion.id,
            &deletion.account_id,
            &deletion.subject,
            to_json(&deletion.removed)?,
            to_json(&deletion.remaining)?,
            deletion.requested_at,
            deletion.finished_at
        ];
        self.execute(&INSERT, args).await.map(drop)
    }

    /// A proof of this account.
    pub async fn deletion(
        &self,
        account: &AccountId,
        id: &DeletionId,
    ) -> Result<Option<Deletion>, StoreError> {
        let row = self.read().await?.optional(&BY_ID, args![account, id]).await?;
        row.map(|row| {
            Ok(Deletion {
                id: row.id("id")?,
                account_id: row.id("account_id")?,
                subject: row.text("subject")?,
                removed: row.json("removed")?,
                remaining: row.json("remaining")?,
                requested_at: row.time("requested_at")?,
                finished_at: row.time("finished_at")?,
            })
        })
        .transpose()
    }
}
