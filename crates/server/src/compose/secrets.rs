//! Master keys, read and rotated on the database itself: for the command line.

use offhook_store::{KeyStatus, Keys, Rotation, Store, StoreError, StoreOptions};

/// Which keys there are, and how much is sealed under each; a server may be running.
///
/// # Errors
/// What the database answers, and keys that do not fit it.
pub async fn status(store_url: &str, keys: Keys) -> Result<KeyStatus, StoreError> {
    let store = open(store_url, keys).await?;
    let status = store.key_status().await;
    store.close().await;
    status
}

/// Seals everything under a new key; a server may be running.
///
/// # Errors
/// As [`Store::rotate_keys`].
pub async fn rotate(store_url: &str, keys: Keys, forget_old: bool) -> Result<Rotation, StoreError> {
    let store = open(store_url, keys).await?;
    let rotation = store.rotate_keys(forget_old).await;
    store.close().await;
    rotation
}

async fn open(store_url: &str, keys: Keys) -> Result<Store, StoreError> {
    Store::connect(store_url, StoreOptions { keys: Some(keys), ..StoreOptions::default() }).await
}
