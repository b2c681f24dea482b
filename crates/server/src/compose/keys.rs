//! API keys, handled on the database itself: for the command line.

use offhook_model::{
    Timestamp,
    id::{AccountId, ApiKeyId},
};
use offhook_store::{ApiKey, ApiKeySecret, AuditEntry, AuditSource, StoreError};

use super::open;

/// A key as the command line lists it.
#[derive(Debug, Clone)]
pub struct KeyRow {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Its last four characters.
    pub last4: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it is switched off.
    pub revoked: bool,
}

impl From<&ApiKey> for KeyRow {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            last4: key.last4.clone(),
            created_at: key.created_at,
            revoked: key.revoked_at.is_some(),
        }
    }
}

/// Makes a key of the first account; the second value is the key itself.
///
/// # Errors
/// What the database answers.
pub async fn create(store_url: &str, name: &str) -> Result<(KeyRow, String), StoreError> {
    let (store, account_id) = open(store_url).await?;
    let secret = ApiKeySecret::generate();
    let now = Timestamp::now();
    let key = ApiKey {
        id: ApiKeyId::new(now, rand::random()),
        account_id,
        name: name.to_owned(),
        hash: secret.hash(),
        last4: secret.last4(),
        created_at: now,
        revoked_at: None,
        last_used_at: None,
    };
    store
        .create_api_key_audited(&key, entry(&key.account_id, now, "createApiKey", "create", &key.id))
        .await?;
    store.close().await;
    Ok((KeyRow::from(&key), secret.reveal().to_owned()))
}

/// The keys of the first account, without the keys themselves.
///
/// # Errors
/// What the database answers.
pub async fn list(store_url: &str) -> Result<Vec<KeyRow>, StoreError> {
    let (store, account) = open(store_url).await?;
    let keys = store.api_keys(&account).await?;
    store.close().await;
    Ok(keys.iter().map(KeyRow::from).collect())
}

/// Switches a key off; false when no active key has this id.
///
/// # Errors
/// What the database answers.
pub async fn revoke(store_url: &str, id: &str) -> Result<bool, StoreError> {
    let (store, account) = open(store_url).await?;
    let id = ApiKeyId::from(id);
    let entry = entry(&account, Timestamp::now(), "revokeApiKey", "revoke", &id);
    let done = store.revoke_api_key_audited(&account, &id, entry).await?;
    store.close().await;
    Ok(done)
}

/// What the audit log says of a command.
fn entry(account: &AccountId, at: Timestamp, operation: &str, command: &str, key: &ApiKeyId) -> AuditEntry {
    AuditEntry {
        account_id: account.clone(),
        at,
        source: AuditSource::Cli,
        key_id: None,
        key_account_id: None,
        operation: operation.to_owned(),
        method: "CLI".to_owned(),
        route: format!("offhook keys {command}"),
        resource_id: Some(key.to_string()),
        within_id: None,
        address: None,
        status: None,
        request_id: None,
    }
}
