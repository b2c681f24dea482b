//! Accounts and sub-accounts.

use offhook_model::{Timestamp, id::AccountId};

use crate::{
    ApiKey, AuditEntry, AuditSource, Store, StoreError, api_keys, audit::append::append, conn::Conn,
    row::Row, statement::statements, value::args,
};

/// An owner of agents, numbers and calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id; a sub-account's begins with `sub_`.
    pub id: AccountId,
    /// The account it is a part of.
    pub parent_id: Option<AccountId>,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// When [`Store::ensure_bootstrap`] stores the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPolicy {
    /// The operator configured it: always, unless it is known (also when it is revoked).
    Configured,
    /// It was just drawn: only if the account has no key yet.
    IfNone,
}

/// What [`Store::ensure_bootstrap`] found or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// The first account.
    pub account_id: AccountId,
    /// Whether the key was stored now, so that it may be shown.
    pub key_created: bool,
}

statements! {
    INSERT = "INSERT INTO accounts (id, parent_id, name, created_at) VALUES ($1, $2, $3, $4)";
    BY_ID = "SELECT id, parent_id, name, created_at FROM accounts WHERE id = $1";
    SUB = "SELECT id, parent_id, name, created_at FROM accounts
        WHERE parent_id = $1 AND id = $2 AND deleted_at IS NULL";
    CLAIM_FIRST = "INSERT INTO markers (name, value) VALUES ('first_account', $1) ON CONFLICT (name) DO NOTHING";
    FIRST = "SELECT value FROM markers WHERE name = 'first_account' /*pg: FOR UPDATE */";
}

impl Store {
    /// Stores an account.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when its parent is unknown.
    pub async fn create_account(&self, account: &Account) -> Result<(), StoreError> {
        self.execute(&INSERT, account.args()).await.map(drop)
    }

    /// An account by its id.
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        self.read().await?.optional(&BY_ID, args![id]).await?.map(Account::from_row).transpose()
    }

    /// A sub-account, if it is one of this parent's and was not deleted.
    pub async fn sub_account(
        &self,
        parent: &AccountId,
        id: &AccountId,
    ) -> Result<Option<Account>, StoreError> {
        self.read().await?.optional(&SUB, args![parent, id]).await?.map(Account::from_row).transpose()
    }

    /// The first account's id; `account` becomes it when there is none yet.
    pub async fn ensure_first_account(&self, account: Account) -> Result<AccountId, StoreError> {
        self.write(move |tx| {
            let account = account.clone();
            Box::pin(async move { first_account(tx, account).await })
        })
        .await
    }

    /// Makes sure that a first account and a key exist; any number of nodes
    /// may do so at once, at every start.
    ///
    /// `account` is stored only on the first start ever; `key.account_id` is
    /// replaced by the first account's id. A key that is stored leaves an entry
    /// in the audit log.
    pub async fn ensure_bootstrap(
        &self,
        account: Account,
        key: ApiKey,
        policy: KeyPolicy,
    ) -> Result<Bootstrap, StoreError> {
        self.write(move |tx| {
            let (account, mut key) = (account.clone(), key.clone());
            Box::pin(async move {
                key.account_id = first_account(tx, account).await?;
                let wanted = match policy {
                    KeyPolicy::Configured => true,
                    KeyPolicy::IfNone => api_keys::count(tx, &key.account_id).await? == 0,
                };
                let key_created = wanted && api_keys::insert_unless_known(tx, &key).await?;
                if key_created {
                    append(tx, &[made_at_start(&key)]).await?;
                }
                Ok(Bootstrap { account_id: key.account_id, key_created })
            })
        })
        .await
    }
}

/// Stores an account as part of something larger.
pub(crate) async fn insert(tx: &mut Conn, account: &Account) -> Result<(), StoreError> {
    tx.execute(&INSERT, account.args()).await.map(drop)
}

/// Makes `account` the first one, unless another is already.
async fn first_account(tx: &mut Conn, account: Account) -> Result<AccountId, StoreError> {
    if tx.execute(&CLAIM_FIRST, args![&account.id]).await? == 1 {
        tx.execute(&INSERT, account.args()).await?;
    }
    tx.one(&FIRST, args![]).await?.id("value")
}

fn made_at_start(key: &ApiKey) -> AuditEntry {
    AuditEntry {
        account_id: key.account_id.clone(),
        at: key.created_at,
        source: AuditSource::Start,
        key_id: None,
        key_account_id: None,
        operation: "createApiKey".to_owned(),
        method: "START".to_owned(),
        route: "offhook serve".to_owned(),
        resource_id: Some(key.id.to_string()),
        within_id: None,
        address: None,
        status: None,
        request_id: None,
    }
}

impl Account {
    fn args(&self) -> Vec<crate::value::Value> {
        args![&self.id, self.parent_id.as_ref(), &self.name, self.created_at]
    }

    fn from_row(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id("id")?,
            parent_id: row.opt_id("parent_id")?,
            name: row.text("name")?,
            created_at: row.time("created_at")?,
        })
    }
}
