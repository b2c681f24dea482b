//! Another master key in place of the current one, while everything runs.
//!
//! The new key is in its file before it is current, and current before anything
//! is sealed under it, so that a crash at any point is mended by rotating once
//! more. Who seals locks the marker: once it has moved, nothing is sealed under
//! the old key any more, by no process, and one pass is complete.

use super::{KeyId, MasterKey, check, closed, columns};
use crate::{Store, StoreError};

/// The keys, and what is sealed under them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatus {
    /// Where the keys come from.
    pub source: String,
    /// The id of the key that seals.
    pub current: String,
    /// The ids of the keys at hand, the one to seal with next first.
    pub keys: Vec<String>,
    /// What is sealed, by column and key.
    pub values: Vec<SealedCount>,
}

/// Values of a column under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCount {
    /// As `table.column`.
    pub column: &'static str,
    /// The key's id.
    pub key: String,
    /// How many.
    pub values: u64,
}

impl KeyStatus {
    /// How many values wait for a rotation to go on.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.values.iter().filter(|count| count.key != self.current).map(|count| count.values).sum()
    }
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The id of the key that is current now.
    pub key: String,
    /// Whether it was made for this; otherwise an earlier rotation went on.
    pub made: bool,
    /// Rows that were sealed anew.
    pub rows: u64,
    /// The ids of the keys that are still there, to open older backups with.
    pub kept: Vec<String>,
}

impl Store {
    /// Which keys there are and what is sealed under each. Reads every secret.
    ///
    /// # Errors
    /// [`StoreError::Key`] when the store was opened without keys.
    pub async fn key_status(&self) -> Result<KeyStatus, StoreError> {
        let vault = self.vault();
        let source = vault.source().ok_or_else(closed)?;
        let keys = vault.reload()?;
        let current = check::key_of(&check::peek(self).await?.ok_or_else(closed)?)?;
        let mut values = Vec::new();
        for column in columns::Column::ALL {
            for (key, count) in columns::count(self, column).await? {
                values.push(SealedCount { column: column.name(), key: key.to_string(), values: count });
            }
        }
        let keys = keys.iter().map(|key| key.id().to_string()).collect();
        Ok(KeyStatus { source: source.to_string(), current: current.to_string(), keys, values })
    }

    /// Makes another key the current one and seals everything under it anew.
    ///
    /// The first key at hand is the new one when it is not current yet, as after
    /// an interrupted rotation; else one is made and put into the file. Servers
    /// that run read the file again when they meet a key they do not know. Old
    /// keys are kept, for older backups, unless `forget_old`.
    ///
    /// # Errors
    /// [`StoreError::Key`] when keys are missing, or given by the settings
    /// without a new one; and what the database answers: then rotate again.
    pub async fn rotate_keys(&self, forget_old: bool) -> Result<Rotation, StoreError> {
        let vault = self.vault();
        let source = vault.source().ok_or_else(closed)?;
        let _held = source.lock()?;
        let mut keys = vault.reload()?;
        let value = check::peek(self).await?.ok_or_else(closed)?;
        let current = check::key_of(&value)?;
        let is_current = keys.first().is_some_and(|first| *first.id() == current);
        let mut rows = if is_current { columns::reseal_everything(self).await? } else { 0 };
        // Something was left: that rotation is complete now, and no other was asked for.
        let made = is_current && rows == 0;
        if made {
            keys.insert(0, MasterKey::generate());
            source.replace(&keys)?;
            vault.keep(keys.clone());
        }
        let next = keys.first().ok_or_else(closed)?.clone();
        if *next.id() != current {
            if !check::advance(self, value, &next).await? {
                return Err(StoreError::Key { reason: "another rotation is under way".to_owned() });
            }
            rows += columns::reseal_everything(self).await?;
        }
        let left: u64 = self.key_status().await?.left();
        if left > 0 {
            return Err(StoreError::Key {
                reason: format!("{left} values are still under another key; rotate again"),
            });
        }
        if forget_old && keys.len() > 1 {
            keys.truncate(1);
            source.replace(&keys)?;
        }
        let kept = keys.iter().skip(1).map(MasterKey::id).map(KeyId::to_string).collect();
        Ok(Rotation { key: next.id().to_string(), made, rows, kept })
    }
}
