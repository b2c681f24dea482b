//! Codes of six digits: drawn, hashed, compared.

use hmac::{Hmac, KeyInit, Mac};
use offhook_store::CodeHash;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Draws a code, each of the million as likely, from the system's generator.
#[must_use]
pub fn draw() -> String {
    format!("{:06}", rand::random_range(0..1_000_000_u32))
}

/// What is stored of a code: HMAC-SHA256 under a key drawn for it alone.
///
/// `id` is hashed along, so that a row's hash is worth nothing in another. A
/// million codes are soon tried by whoever reads the database: what protects a
/// code is that it is over after ten minutes or three wrong tries.
#[must_use]
pub fn hash(id: &str, code: &str) -> CodeHash {
    let salt = rand::random::<[u8; 16]>();
    CodeHash { hash: hex::encode(mac(&salt, id, code)), salt: hex::encode(salt) }
}

/// Whether `tried` is the stored code; takes as long for every wrong one.
#[must_use]
pub fn fits(id: &str, tried: &str, stored: &CodeHash) -> bool {
    let (Ok(salt), Ok(hash)) = (hex::decode(&stored.salt), hex::decode(&stored.hash)) else { return false };
    mac(&salt, id, tried).ct_eq(hash.as_slice()).into()
}

fn mac(salt: &[u8], id: &str, code: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes keys of any length");
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(code.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits() {
        for _ in 0..1000 {
            let code = draw();
            assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
        }
    }

    #[test]
    fn every_first_digit_comes() {
        let firsts: std::collections::HashSet<_> = (0..1000).map(|_| draw().as_bytes()[0]).collect();
        assert_eq!(firsts.len(), 10);
    }

    #[test]
    fn only_the_code_of_the_same_id_fits() {
        let stored = hash("ver_1", "012345");
        assert!(fits("ver_1", "012345", &stored));
        assert!(!fits("ver_1", "012346", &stored));
        assert!(!fits("ver_2", "012345", &stored));
        assert!(!fits("ver_1", "", &stored));
        assert_ne!(hash("ver_1", "012345"), stored, "the salt is drawn anew");
        assert!(!stored.hash.contains("012345"));
    }
}
