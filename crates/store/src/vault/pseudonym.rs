//! Names for people who asked to be forgotten: the same number has the same
//! name, and nobody without the key can tell whose it is.
//!
//! HMAC-SHA256 under a key of its own, sealed in the markers. It never changes:
//! an opt-out must be found again under its pseudonym.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Place, Vault, closed, columns::Column};
use crate::{Store, StoreError, statement::statements, value::args};

statements! {
    KEY = "SELECT value FROM markers WHERE name = 'vault.pseudonyms'";
    MAKE = "INSERT INTO markers (name, value) VALUES ('vault.pseudonyms', $1) ON CONFLICT (name) DO NOTHING";
}

/// The marker's row.
pub(crate) const NAME: &str = "vault.pseudonyms";

/// Reads the key for this process; the first start with keys makes it.
pub(crate) async fn prepare(store: &Store) -> Result<(), StoreError> {
    let row = [NAME];
    let place: Place<'_> = Column::Pseudonyms.place(&row);
    let mut sealed = key(store).await?;
    if sealed.is_none() {
        store
            .write(|tx| {
                Box::pin(async move {
                    let secret = Zeroizing::new(hex::encode(rand::random::<[u8; 32]>()));
                    let sealed = tx.sealer().await?.seal(&Column::Pseudonyms.place(&[NAME]), &secret);
                    tx.execute(&MAKE, args![sealed]).await
                })
            })
            .await?;
        sealed = key(store).await?;
    }
    let vault = store.vault();
    let secret = vault.open(&place, &sealed.ok_or_else(closed)?)?;
    vault.know_pseudonyms(Zeroizing::new(secret));
    Ok(())
}

async fn key(store: &Store) -> Result<Option<String>, StoreError> {
    store.read().await?.optional(&KEY, args![]).await?.map(|row| row.text("value")).transpose()
}

impl Vault {
    /// The person's name within an account; none for a store without keys.
    pub(crate) fn pseudonym(&self, account: &str, person: &str) -> Option<String> {
        let key = self.pseudonyms()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
        mac.update(&(account.len() as u64).to_be_bytes());
        mac.update(account.as_bytes());
        mac.update(person.as_bytes());
        Some(format!("deleted:{}", hex::encode(mac.finalize().into_bytes())))
    }
}
