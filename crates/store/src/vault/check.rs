//! Which key is current, proven at every start.
//!
//! The marker holds a known text, sealed under the current key. A wrong key
//! does not open it, and the store refuses to start before anything is sealed
//! under a second one.

use super::{KeyId, MasterKey, Place, Sealed, Vault, closed, columns, pseudonym};
use crate::{Store, StoreError, conn::Conn, row::Row, statement::statements, value::args};

statements! {
    PEEK = "SELECT value FROM markers WHERE name = 'vault.key'";
    // Locked: the key stays current until the transaction that seals has ended.
    CURRENT = "SELECT value FROM markers WHERE name = 'vault.key' /*pg: FOR SHARE */";
    FIRST = "INSERT INTO markers (name, value) VALUES ('vault.key', $1) ON CONFLICT (name) DO NOTHING";
    MOVE = "UPDATE markers SET value = $2 WHERE name = 'vault.key' AND value = $1";
    IS_COMPLETE = "SELECT value FROM markers WHERE name = 'vault.sealed'";
    COMPLETE = "INSERT INTO markers (name, value) VALUES ('vault.sealed', '1') ON CONFLICT (name) DO NOTHING";
}

/// What the marker's value says once it is opened.
const KNOWN: &str = "offhook";
const PLACE: Place<'static> = Place::new("markers.value", &["vault.key"]);

/// Makes sure that the keys at hand are those of the database, and that every
/// secret in it is sealed. With a database that has no key yet, the first key
/// at hand becomes its own.
pub(crate) async fn adopt(store: &Store) -> Result<(), StoreError> {
    let vault = store.vault();
    if vault.source().is_none() {
        return Ok(());
    }
    vault.reload()?;
    let value = match peek(store).await? {
        Some(value) => value,
        None => begin(store).await?,
    };
    prove(vault, &value)?;
    // What was stored before there was a key; interrupted, it is gone through again.
    if store.read().await?.optional(&IS_COMPLETE, args![]).await?.is_none() {
        let sealed = columns::seal_everything(store).await?;
        store.execute(&COMPLETE, args![]).await?;
        if sealed > 0 {
            tracing::info!(values = sealed, "secrets in the database are sealed now");
        }
    }
    pseudonym::prepare(store).await
}

/// The marker as it is; none before the first key.
pub(crate) async fn peek(store: &Store) -> Result<Option<String>, StoreError> {
    store.read().await?.optional(&PEEK, args![]).await?.map(|row| row.text("value")).transpose()
}

/// The id of the key that is current until this transaction ends.
pub(crate) async fn current(tx: &mut Conn) -> Result<KeyId, StoreError> {
    let row: Row = tx.optional(&CURRENT, args![]).await?.ok_or_else(closed)?;
    key_of(&row.text("value")?)
}

/// Makes `key` the current one in place of that of `value`; false when that
/// is not the current one any more.
pub(crate) async fn advance(store: &Store, value: String, key: &MasterKey) -> Result<bool, StoreError> {
    let next = Sealed::seal(key, &PLACE, KNOWN);
    Ok(store.execute(&MOVE, args![value, next]).await? == 1)
}

/// Which key a marker's value names.
pub(crate) fn key_of(value: &str) -> Result<KeyId, StoreError> {
    let sealed = Sealed::parse(value).ok_or_else(|| StoreError::corrupt("marker vault.key"))?;
    Ok(sealed.key().clone())
}

/// Gives the database its first key, and answers the marker that counts: another
/// process may have been faster.
async fn begin(store: &Store) -> Result<String, StoreError> {
    let vault = store.vault();
    let source = vault.source().ok_or_else(closed)?;
    let made = if vault.reload()?.is_empty() { source.make()? } else { None };
    let keys = vault.reload()?;
    let first =
        keys.first().ok_or_else(|| StoreError::Key { reason: format!("there is none in {source}") })?;
    store.execute(&FIRST, args![Sealed::seal(first, &PLACE, KNOWN)]).await?;
    let value = peek(store).await?.ok_or_else(closed)?;
    if let Some(made) = made {
        if key_of(&value)? == *made.id() {
            tracing::info!(key.id = %made.id(), file = %source, "a master key was made; keep a copy of it");
        } else {
            source.unmake();
            vault.reload()?;
        }
    }
    Ok(value)
}

fn prove(vault: &Vault, value: &str) -> Result<(), StoreError> {
    let id = key_of(value)?;
    let source = vault.source().ok_or_else(closed)?;
    let keys = vault.reload()?;
    if !keys.iter().any(|key| *key.id() == id) {
        let have: Vec<_> = keys.iter().map(|key| key.id().as_str()).collect();
        let have = match have.as_slice() {
            [] => "is not there".to_owned(),
            have => format!("holds {}", have.join(", ")),
        };
        return Err(StoreError::Key {
            reason: format!(
                "the secrets of this database are sealed under the key {id}, but {source} {have}; \
                 bring the right key back (docs/security.md)"
            ),
        });
    }
    if vault.open(&PLACE, value)? != KNOWN {
        return Err(StoreError::corrupt("marker vault.key"));
    }
    Ok(())
}
