//! A sealed value: `v1:<key id>:<Base64 of nonce, ciphertext and tag>`.
//!
//! XChaCha20-Poly1305. Its nonce of 192 bits is drawn at random for each value,
//! which 2^80 values would have to share before two are likely to be the same.
//! The associated data are the key's id and the place: table and column, and
//! the row's key. What was moved elsewhere does not open.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use chacha20poly1305::{
    Key, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::key::{KeyId, MasterKey};
use crate::StoreError;

const NONCE_BYTES: usize = 24;

/// Where a value is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    column: &'static str,
    key: &'a [&'a str],
}

impl<'a> Place<'a> {
    /// `column` as `table.column`; `key` names the row, and the part of the
    /// column when it holds several values.
    pub(crate) const fn new(column: &'static str, key: &'a [&'a str]) -> Self {
        Self { column, key }
    }

    pub(crate) fn column(&self) -> &'static str {
        self.column
    }

    /// Unambiguous: each part is preceded by its length.
    fn associated_data(&self, key: &KeyId) -> Vec<u8> {
        let mut data = b"offhook sealed v1".to_vec();
        for part in [key.as_str(), self.column].iter().chain(self.key) {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// A sealed value, read but not opened.
pub(crate) struct Sealed<'a> {
    key: KeyId,
    rest: &'a str,
}

impl<'a> Sealed<'a> {
    /// Seals a text of this place.
    pub(crate) fn seal(key: &MasterKey, place: &Place<'_>, plain: &str) -> String {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let aad = place.associated_data(key.id());
        let sealed = cipher(key)
            .encrypt(&XNonce::from(nonce), Payload { msg: plain.as_bytes(), aad: &aad })
            .expect("only texts of 256 GiB are too long");
        let bytes = [nonce.as_slice(), &sealed].concat();
        format!("v1:{}:{}", key.id(), STANDARD_NO_PAD.encode(bytes))
    }

    /// Reads the outside; none for what is not sealed.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (key, rest) = text.strip_prefix("v1:")?.split_once(':')?;
        Some(Self { key: KeyId::parse(key)?, rest })
    }

    /// Under which key it is sealed.
    pub(crate) fn key(&self) -> &KeyId {
        &self.key
    }

    /// Opens it, when it was sealed under `key` for this place.
    pub(crate) fn open(&self, key: &MasterKey, place: &Place<'_>) -> Result<String, StoreError> {
        let damaged =
            || StoreError::corrupt(format!("{}: a sealed value does not open in its place", place.column));
        let bytes = STANDARD_NO_PAD.decode(self.rest).map_err(|_| damaged())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let aad = place.associated_data(&self.key);
        let plain = cipher(key)
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| damaged())?;
        std::str::from_utf8(&plain).map(str::to_owned).map_err(|_| damaged())
    }
}

fn cipher(key: &MasterKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'static> = Place::new("t.c", &["1", "x"]);

    fn open(key: &MasterKey, place: &Place<'_>, text: &str) -> Option<String> {
        Sealed::parse(text)?.open(key, place).ok()
    }

    #[test]
    fn a_value_opens_in_its_place_only() {
        let key = MasterKey::generate();
        let text = Sealed::seal(&key, &HERE, "hush");
        assert_eq!(open(&key, &HERE, &text).as_deref(), Some("hush"));
        for (column, row) in [
            ("t.d", &["1", "x"][..]),
            ("t.c", &["2", "x"]),
            ("t.c", &["1", "y"]),
            ("t.c", &["1x"]),
            ("t.c", &["1x", ""]),
            ("t.c", &["1"]),
        ] {
            assert_eq!(open(&key, &Place::new(column, row), &text), None, "{column} {row:?}");
        }
    }

    #[test]
    fn another_key_or_a_changed_byte_does_not_open_it() {
        let (key, other) = (MasterKey::generate(), MasterKey::generate());
        let text = Sealed::seal(&key, &HERE, "hush");
        assert_eq!(open(&other, &HERE, &text), None);
        let renamed = text.replace(key.id().as_str(), other.id().as_str());
        assert_eq!(open(&key, &HERE, &renamed), None, "the key's name is bound, too");
        for at in 20..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(open(&key, &HERE, &changed), None, "byte {at}");
        }
    }

    #[test]
    fn the_same_text_never_looks_the_same() {
        let key = MasterKey::generate();
        assert_ne!(Sealed::seal(&key, &HERE, "hush"), Sealed::seal(&key, &HERE, "hush"));
        assert_eq!(open(&key, &HERE, &Sealed::seal(&key, &HERE, "")).as_deref(), Some(""));
    }

    #[test]
    fn what_is_not_sealed_is_not_taken_for_it() {
        for text in ["", "whsec_1", "v1:", "v1:abc:AAAA", "v2:0123456789abcdef:AAAA"] {
            assert!(Sealed::parse(text).is_none(), "{text}");
        }
        let key = MasterKey::generate();
        for rest in ["", "AAAA", "!"] {
            assert_eq!(open(&key, &HERE, &format!("v1:{}:{rest}", key.id())), None);
        }
    }
}
