//! API keys: made once, shown once, stored as a hash.

use std::fmt;

use sha2::{Digest, Sha256};

/// A whole API key. Not printable by accident: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeySecret(String);

/// SHA-256 of a whole key, in lower-case hex.
///
/// No salt and no slow hash: a generated key carries 256 random bits, so it
/// cannot be guessed from its hash. Rows are found by the hash; the comparison
/// needs no constant time, because whoever could steer a timing probe would
/// have to find SHA-256 preimages of the prefixes it learns.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyHash(String);

impl ApiKeySecret {
    /// What every generated key begins with.
    pub const PREFIX: &'static str = "sk_live_";

    /// Draws a new key: the prefix and 256 random bits in hex.
    #[must_use]
    pub fn generate() -> Self {
        Self(format!("{}{}", Self::PREFIX, hex::encode(rand::random::<[u8; 32]>())))
    }

    /// Takes a key somebody else made: a bearer token, or `AUTH__BOOTSTRAP_KEY`.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key itself: to be shown once, never logged or stored.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash(hex::encode(Sha256::digest(self.0.as_bytes())))
    }

    /// The last four characters, by which an owner recognises the key.
    #[must_use]
    pub fn last4(&self) -> String {
        let skipped = self.0.chars().count().saturating_sub(4);
        self.0.chars().skip(skipped).collect()
    }
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeySecret(…)")
    }
}

impl KeyHash {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for KeyHash {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_has_the_prefix_and_64_digits() {
        let key = ApiKeySecret::generate();
        assert!(key.reveal().starts_with("sk_live_"));
        assert_eq!(key.reveal().len(), 8 + 64);
        assert_ne!(key, ApiKeySecret::generate());
        assert!(key.reveal().ends_with(&key.last4()));
    }

    #[test]
    fn printing_a_key_hides_it() {
        let key = ApiKeySecret::from_text("sk_live_topsecret");
        assert!(!format!("{key:?}").contains("topsecret"));
    }

    #[test]
    fn the_hash_is_sha256_in_hex() {
        let hash = ApiKeySecret::from_text("abc").hash();
        assert_eq!(hash.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
