//! API keys of accounts.

use offhook_model::{
    Timestamp,
    id::{AccountId, ApiKeyId},
};

use crate::{
    AuditEntry, KeyHash, Store, StoreError,
    audit::append::append,
    conn::Conn,
    row::Row,
    statement::statements,
    value::{Value, args},
};

/// `last_used_at` is written at most this often per key.
const USE_RESOLUTION_MS: i64 = 60_000;

/// A key as stored: everything but the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public id.
    pub id: ApiKeyId,
    /// Whose key it is.
    pub account_id: AccountId,
    /// The owner's name for it.
    pub name: String,
    /// By which it is found.
    pub hash: KeyHash,
    /// Its last four characters.
    pub last4: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it no longer works.
    pub revoked_at: Option<Timestamp>,
    /// When it last worked, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// Who a key belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// The account.
    pub account_id: AccountId,
    /// The key.
    pub key_id: ApiKeyId,
}

statements! {
    INSERT = "INSERT INTO api_keys (id, account_id, name, hash, last4, created_at, revoked_at, last_used_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    INSERT_UNLESS_KNOWN = "INSERT INTO api_keys (id, account_id, name, hash, last4, created_at, revoked_at, last_used_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (hash) DO NOTHING";
    COUNT = "SELECT COUNT(*) AS total FROM api_keys WHERE account_id = $1";
    LIST = "SELECT id, account_id, name, hash, last4, created_at, revoked_at, last_used_at
        FROM api_keys WHERE account_id = $1 ORDER BY created_at DESC, id DESC";
    REVOKE = "UPDATE api_keys SET revoked_at = $3 WHERE account_id = $1 AND id = $2 AND revoked_at IS NULL";
    AUTHENTICATE = "SELECT id, account_id, last_used_at FROM api_keys WHERE hash = $1 AND revoked_at IS NULL";
    TOUCH = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1";
}

impl Store {
    /// Stores a key.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the key exists, [`StoreError::Dangling`]
    /// when the account does not.
    pub async fn create_api_key(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.execute(&INSERT, key.args()).await.map(drop)
    }

    /// Stores a key together with the entry of the audit log that says so.
    ///
    /// # Errors
    /// Those of [`Store::create_api_key`]; neither is stored then.
    pub async fn create_api_key_audited(&self, key: &ApiKey, entry: AuditEntry) -> Result<(), StoreError> {
        let args = key.args();
        self.write(move |tx| {
            let (args, entry) = (args.clone(), entry.clone());
            Box::pin(async move {
                tx.execute(&INSERT, args).await?;
                append(tx, &[entry]).await
            })
        })
        .await
    }

    /// Ends a key together with the entry of the audit log that says so; false,
    /// and no entry, when it is unknown or was ended before.
    pub async fn revoke_api_key_audited(
        &self,
        account: &AccountId,
        id: &ApiKeyId,
        entry: AuditEntry,
    ) -> Result<bool, StoreError> {
        let args = args![account, id, entry.at];
        self.write(move |tx| {
            let (args, entry) = (args.clone(), entry.clone());
            Box::pin(async move {
                let done = tx.execute(&REVOKE, args).await? == 1;
                if done {
                    append(tx, &[entry]).await?;
                }
                Ok(done)
            })
        })
        .await
    }

    /// An account's keys, newest first, revoked ones included.
    pub async fn api_keys(&self, account: &AccountId) -> Result<Vec<ApiKey>, StoreError> {
        self.read().await?.all(&LIST, args![account]).await?.into_iter().map(ApiKey::from_row).collect()
    }

    /// Ends a key; false when it is unknown or was ended before.
    pub async fn revoke_api_key(
        &self,
        account: &AccountId,
        id: &ApiKeyId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(&REVOKE, args![account, id, at]).await? == 1)
    }

    /// Who may act with the key of this hash, if it works.
    pub async fn authenticate(
        &self,
        hash: &KeyHash,
        now: Timestamp,
    ) -> Result<Option<Authenticated>, StoreError> {
        let row = self.read().await?.optional(&AUTHENTICATE, args![hash.as_str()]).await?;
        let Some(row) = row else { return Ok(None) };
        let found = Authenticated { account_id: row.id("account_id")?, key_id: row.id("id")? };
        let last = row.opt_int("last_used_at")?.unwrap_or(0);
        if now.as_millisecond().saturating_sub(last) >= USE_RESOLUTION_MS
            && let Err(error) = self.execute(&TOUCH, args![&found.key_id, now]).await
        {
            // The key works all the same; a full disk must not lock its owner out.
            tracing::warn!(key.id = %found.key_id, %error, "the last use of an API key was not stored");
        }
        Ok(Some(found))
    }
}

pub(crate) async fn count(tx: &mut Conn, account: &AccountId) -> Result<i64, StoreError> {
    tx.one(&COUNT, args![account]).await?.int("total")
}

pub(crate) async fn insert_unless_known(tx: &mut Conn, key: &ApiKey) -> Result<bool, StoreError> {
    Ok(tx.execute(&INSERT_UNLESS_KNOWN, key.args()).await? == 1)
}

impl ApiKey {
    fn args(&self) -> Vec<Value> {
        args![
            &self.id,
            &self.account_id,
            &self.name,
            self.hash.as_str(),
            &self.last4,
            self.created_at,
            self.revoked_at,
            self.last_used_at
        ]
    }

    fn from_row(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id("id")?,
            account_id: row.id("account_id")?,
            name: row.text("name")?,
            hash: row.id("hash")?,
            last4: row.text("last4")?,
            created_at: row.time("created_at")?,
            revoked_at: row.opt_time("revoked_at")?,
            last_used_at: row.opt_time("last_used_at")?,
        })
    }
}
