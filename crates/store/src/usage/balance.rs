//! Prepaid balances of top-level accounts, for operators who keep them.

use offhook_model::{
    Timestamp,
    id::{AccountId, UsageId},
};

use crate::{Store, StoreError, conn::Conn, statement::statements, value::args};

/// What an account has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// The account that pays: a sub-account's parent.
    pub account_id: AccountId,
    /// What is left, micros; below zero when calls ran on, zero when nothing was ever credited.
    pub micros: i64,
    /// When it last changed; none when nothing was ever credited or taken.
    pub changed_at: Option<Timestamp>,
}

statements! {
    PAYER = "SELECT COALESCE(parent_id, id) AS payer FROM accounts WHERE id = $1";
    OF = "SELECT micros, changed_at FROM balances WHERE account_id = $1";
    TAKE = "UPDATE balances SET micros = micros - $2, changed_at = $3 WHERE account_id = $1 AND micros >= $2";
    ADD = "INSERT INTO balances (account_id, micros, changed_at) VALUES ($1, $2, $3)
        ON CONFLICT (account_id) DO UPDATE SET micros = balances.micros + excluded.micros,
        changed_at = excluded.changed_at";
    GIVE_BACK = "UPDATE balances SET micros = micros + $2 WHERE account_id = $1";
    CREDIT = "INSERT INTO credits (id, account_id, micros, note, at) VALUES ($1, $2, $3, $4, $5)";
}

impl Store {
    /// What the account, or its parent, has left; none for an unknown account.
    pub async fn balance(&self, account: &AccountId) -> Result<Option<Balance>, StoreError> {
        let mut conn = self.read().await?;
        let Some(row) = conn.optional(&PAYER, args![account]).await? else { return Ok(None) };
        let account_id: AccountId = row.id("payer")?;
        let row = conn.optional(&OF, args![&account_id]).await?;
        let (micros, changed_at) = match row {
            Some(row) => (row.int("micros")?, Some(row.time("changed_at")?)),
            None => (0, None),
        };
        Ok(Some(Balance { account_id, micros, changed_at }))
    }

    /// Adds to the balance of the account, or of its parent; a negative amount
    /// corrects. Answers what is left then; none for an unknown account.
    pub async fn credit(
        &self,
        account: &AccountId,
        micros: i64,
        note: &str,
        at: Timestamp,
    ) -> Result<Option<Balance>, StoreError> {
        let (account, note) = (account.clone(), note.to_owned());
        let id = UsageId::new(at, rand::random());
        self.write(move |tx| {
            let (account, note, id) = (account.clone(), note.clone(), id.clone());
            Box::pin(async move {
                let Some(row) = tx.optional(&PAYER, args![&account]).await? else { return Ok(None) };
                let account_id: AccountId = row.id("payer")?;
                add(tx, &id, &account_id, micros, &note, at).await?;
                let micros = of(tx, &account_id).await?.unwrap_or(0);
                Ok(Some(Balance { account_id, micros, changed_at: Some(at) }))
            })
        })
        .await
    }
}

/// Adds to a paying account's balance as part of something larger.
pub(crate) async fn add(
    tx: &mut Conn,
    id: &UsageId,
    payer: &AccountId,
    micros: i64,
    note: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(&ADD, args![payer, micros, at]).await?;
    tx.execute(&CREDIT, args![id, payer, micros, note, at]).await.map(drop)
}

/// The account whose balance pays for this one.
pub(crate) async fn payer(tx: &mut Conn, account: &AccountId) -> Result<AccountId, StoreError> {
    tx.optional(&PAYER, args![account]).await?.ok_or(StoreError::Dangling)?.id("payer")
}

/// What a paying account has left; none when nothing was ever credited or taken.
pub(crate) async fn of(tx: &mut Conn, payer: &AccountId) -> Result<Option<i64>, StoreError> {
    tx.optional(&OF, args![payer]).await?.map(|row| row.int("micros")).transpose()
}

/// Takes an amount, where the balance covers it or it `is_owed`. The row is
/// locked until the transaction ends: parallel spenders queue.
pub(crate) async fn take(
    tx: &mut Conn,
    payer: &AccountId,
    micros: i64,
    is_owed: bool,
    at: Timestamp,
) -> Result<bool, StoreError> {
    if is_owed {
        return tx.execute(&ADD, args![payer, micros.saturating_neg(), at]).await.map(|_| true);
    }
    Ok(tx.execute(&TAKE, args![payer, micros, at]).await? == 1)
}

/// Undoes a [`take`] of the same transaction.
pub(crate) async fn give_back(tx: &mut Conn, payer: &AccountId, micros: i64) -> Result<(), StoreError> {
    tx.execute(&GIVE_BACK, args![payer, micros]).await.map(drop)
}
