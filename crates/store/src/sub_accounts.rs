//! Sub-accounts of an account (contract §12).

use offhook_model::{Timestamp, id::AccountId};

use crate::{Page, Paged, Store, StoreError, row::Row, statement::statements, value::args};

/// A part of an account with things of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAccount {
    /// `sub_…`.
    pub id: AccountId,
    /// The account it is a part of.
    pub parent_id: AccountId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its name last changed.
    pub updated_at: Timestamp,
}

/// What happened in a sub-account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAccountStats {
    /// Which.
    pub id: AccountId,
    /// Messages in and out.
    pub messages: u64,
    /// Calls begun.
    pub calls: u64,
}

/// What came of deleting a sub-account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteSubAccount {
    /// It is gone; its history stays in the database, out of reach.
    Deleted,
    /// It holds this many numbers.
    HoldsNumbers(u32),
    /// The parent has no such sub-account.
    Missing,
}

statements! {
    INSERT = "INSERT INTO accounts (id, parent_id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)";
    LIST = "SELECT id, parent_id, name, created_at, updated_at FROM accounts
        WHERE parent_id = $1 AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3";
    COUNT = "SELECT COUNT(*) AS total FROM accounts WHERE parent_id = $1 AND deleted_at IS NULL";
    RENAME = "UPDATE accounts SET name = $3, updated_at = $4
        WHERE parent_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING *";
    LOCK = "SELECT id FROM accounts WHERE parent_id = $1 AND id = $2 AND deleted_at IS NULL /*pg: FOR UPDATE */";
    HELD = "SELECT COUNT(*) AS held FROM numbers WHERE account_id = $1 AND status = 'active'";
    DELETE = "UPDATE accounts SET deleted_at = $2 WHERE id = $1";
    END_KEYS = "UPDATE api_keys SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL";
    STATS = "SELECT a.id,
        (SELECT COUNT(*) FROM messages m WHERE m.account_id = a.id AND m.at >= $2) AS messages,
        (SELECT COUNT(*) FROM calls c WHERE c.account_id = a.id AND c.started_at >= $2) AS calls
        FROM accounts a WHERE a.parent_id = $1 AND a.deleted_at IS NULL";
}

impl Store {
    /// Stores a new sub-account.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when its parent is unknown.
    pub async fn create_sub_account(&self, sub: &SubAccount) -> Result<(), StoreError> {
        let args = args![&sub.id, &sub.parent_id, &sub.name, sub.created_at, sub.updated_at];
        self.execute(&INSERT, args).await.map(drop)
    }

    /// An account's sub-accounts, newest first.
    pub async fn sub_accounts(
        &self,
        parent: &AccountId,
        page: Page,
    ) -> Result<Paged<SubAccount>, StoreError> {
        let mut conn = self.read().await?;
        let total = conn.one(&COUNT, args![parent]).await?.number("total")?;
        let rows = conn.all(&LIST, args![parent, page.limit, page.offset]).await?;
        let data = rows.iter().map(SubAccount::from_row).collect::<Result<_, _>>()?;
        Ok(Paged::new(data, total, page))
    }

    /// Gives a sub-account another name; none when the parent has no such one.
    pub async fn rename_sub_account(
        &self,
        parent: &AccountId,
        id: &AccountId,
        name: &str,
        at: Timestamp,
    ) -> Result<Option<SubAccount>, StoreError> {
        let (parent, id, name) = (parent.clone(), id.clone(), name.to_owned());
        self.write(move |tx| {
            let args = args![&parent, &id, &name, at];
            Box::pin(async move {
                tx.optional(&RENAME, args).await?.as_ref().map(SubAccount::from_row).transpose()
            })
        })
        .await
    }

    /// Ends a sub-account and its keys, unless it holds numbers: counting and
    /// ending are one transaction, and buying asks whether the account lives.
    pub async fn delete_sub_account(
        &self,
        parent: &AccountId,
        id: &AccountId,
        at: Timestamp,
    ) -> Result<DeleteSubAccount, StoreError> {
        let (parent, id) = (parent.clone(), id.clone());
        self.write(move |tx| {
            let (parent, id) = (parent.clone(), id.clone());
            Box::pin(async move {
                if tx.optional(&LOCK, args![&parent, &id]).await?.is_none() {
                    return Ok(DeleteSubAccount::Missing);
                }
                let held = tx.one(&HELD, args![&id]).await?.number("held")?;
                if held > 0 {
                    return Ok(DeleteSubAccount::HoldsNumbers(held));
                }
                tx.execute(&DELETE, args![&id, at]).await?;
                tx.execute(&END_KEYS, args![&id, at]).await?;
                Ok(DeleteSubAccount::Deleted)
            })
        })
        .await
    }

    /// What happened since then in each sub-account of this parent.
    pub async fn sub_account_stats(
        &self,
        parent: &AccountId,
        since: Timestamp,
    ) -> Result<Vec<SubAccountStats>, StoreError> {
        let rows = self.read().await?.all(&STATS, args![parent, since]).await?;
        rows.iter()
            .map(|row| {
                Ok(SubAccountStats {
                    id: row.id("id")?,
                    messages: row.number("messages")?,
                    calls: row.number("calls")?,
                })
            })
            .collect()
    }
}

impl SubAccount {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let created_at = row.time("created_at")?;
        Ok(Self {
            id: row.id("id")?,
            parent_id: row.id("parent_id")?,
            name: row.text("name")?,
            created_at,
            updated_at: row.opt_time("updated_at")?.unwrap_or(created_at),
        })
    }
}
