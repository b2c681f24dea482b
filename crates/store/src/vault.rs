//! Secrets at rest: sealed under a master key that is not in the database.
//!
//! What is sealed is listed in [`columns`]; each value is bound to its place,
//! so that a value moved to another row, column or key does not open
//! ([`sealed`]). The marker [`check::MARKER`] says which key is current and
//! proves that it is the right one.
//!
//! Rows are opened where they are read ([`crate::row::Row::sealed`]) and sealed
//! where they are written ([`crate::conn::Conn::sealer`]); nobody outside this
//! crate sees a sealed value.

pub(crate) mod check;
pub(crate) mod columns;
mod key;
pub(crate) mod pseudonym;
pub(crate) mod rotate;
mod sealed;
mod source;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

pub use key::MasterKey;
pub use rotate::{KeyStatus, Rotation, SealedCount};
pub use source::Keys;

pub(crate) use key::KeyId;
pub(crate) use sealed::{Place, Sealed};

use zeroize::Zeroizing;

use crate::StoreError;

/// The keys of this process. Cheap to clone behind its `Arc`.
pub(crate) struct Vault {
    /// None: this store neither seals nor opens.
    source: Option<Keys>,
    keys: RwLock<Vec<MasterKey>>,
    pseudonyms: OnceLock<Zeroizing<String>>,
}

impl Vault {
    pub(crate) fn new(source: Option<Keys>) -> Self {
        Self { source, keys: RwLock::new(Vec::new()), pseudonyms: OnceLock::new() }
    }

    pub(crate) fn source(&self) -> Option<&Keys> {
        self.source.as_ref()
    }

    /// Reads the keys anew; what was known stays when they cannot be read.
    pub(crate) fn reload(&self) -> Result<Vec<MasterKey>, StoreError> {
        let source = self.source.as_ref().ok_or_else(closed)?;
        let keys = source.load()?;
        self.keep(keys.clone());
        Ok(keys)
    }

    /// Uses these keys from now on.
    pub(crate) fn keep(&self, keys: Vec<MasterKey>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// The key of this id. One that is not known makes the keys be read anew:
    /// another process may have rotated them.
    pub(crate) fn key(&self, id: &KeyId) -> Result<MasterKey, StoreError> {
        if let Some(key) = self.known(id) {
            return Ok(key);
        }
        if let Some(key) = self.reload()?.into_iter().find(|key| key.id() == id) {
            tracing::info!(key.id = %id, "a new master key is in use");
            return Ok(key);
        }
        let source = self.source.as_ref().map(ToString::to_string).unwrap_or_default();
        Err(StoreError::Key {
            reason: format!("secrets are sealed under the key {id}, which is not in {source}"),
        })
    }

    /// What pseudonyms are made with; it never changes.
    fn know_pseudonyms(&self, key: Zeroizing<String>) {
        // A second start of the same store reads the same key.
        let _known = self.pseudonyms.set(key);
    }

    fn pseudonyms(&self) -> Option<&str> {
        self.pseudonyms.get().map(|key| key.as_str())
    }

    fn known(&self, id: &KeyId) -> Option<MasterKey> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).iter().find(|key| key.id() == id).cloned()
    }

    /// Opens a sealed text of this place.
    pub(crate) fn open(&self, place: &Place<'_>, text: &str) -> Result<String, StoreError> {
        let sealed = Sealed::parse(text)
            .ok_or_else(|| StoreError::corrupt(format!("{}: not a sealed value", place.column())))?;
        sealed.open(&self.key(sealed.key())?, place)
    }
}

/// What a store without keys says to whoever needs one.
fn closed() -> StoreError {
    StoreError::Key { reason: "the store was opened without it".to_owned() }
}

/// Seals under the key that is current in the transaction it was made in.
#[derive(Clone)]
pub(crate) struct Sealer(MasterKey);

impl Sealer {
    pub(crate) fn seal(&self, place: &Place<'_>, plain: &str) -> String {
        Sealed::seal(&self.0, place, plain)
    }

    pub(crate) fn key(&self) -> &KeyId {
        self.0.id()
    }
}

/// A vault as connections and rows share it.
pub(crate) type SharedVault = Arc<Vault>;

impl Vault {
    /// What seals under `id`.
    pub(crate) fn sealer(&self, id: &KeyId) -> Result<Sealer, StoreError> {
        self.key(id).map(Sealer)
    }
}
