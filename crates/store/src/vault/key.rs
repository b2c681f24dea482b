//! A master key and its name.

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Names a key without telling it: 16 hexadecimal digits of a hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyId(String);

impl KeyId {
    /// Reads an id; none for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 256 bits under which secrets are sealed. Wiped from memory with its last clone.
#[derive(Clone)]
pub struct MasterKey {
    id: KeyId,
    bytes: Arc<Zeroizing<[u8; 32]>>,
}

impl MasterKey {
    /// A new key from the system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self::from_bytes(rand::random())
    }

    /// The key of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(bytes);
        let digest = Sha256::new().chain_update(b"offhook master key id\0").chain_update(*bytes).finalize();
        Self { id: KeyId(hex::encode(&digest[..8])), bytes: Arc::new(bytes) }
    }

    /// Reads Base64 of 32 bytes, as `openssl rand -base64 32` makes it.
    ///
    /// # Errors
    /// What is wrong, without the text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new).map_err(|_| "not Base64")?;
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| "not 32 bytes long")?;
        Ok(Self::from_bytes(bytes))
    }

    pub(crate) fn id(&self) -> &KeyId {
        &self.id
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The key as its file holds it.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.bytes.as_slice()))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MasterKey").field(&self.id.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_and_never_shown() {
        let key = MasterKey::generate();
        let text = key.to_text();
        assert_eq!(MasterKey::parse(&text).unwrap().bytes(), key.bytes());
        assert!(!format!("{key:?}").contains(text.as_str()));
        assert_ne!(MasterKey::generate().id(), key.id());
        assert!(KeyId::parse(key.id().as_str()).is_some());
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(MasterKey::parse("hunter2!").unwrap_err(), "not Base64");
        assert_eq!(MasterKey::parse("aHVudGVyMg==").unwrap_err(), "not 32 bytes long");
        assert_eq!(KeyId::parse("0123456789abcdeF"), None);
    }
}
