//! Signatures of webhook requests (contract `webhooks.md` §2).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of `X-Webhook-Signature`: `sha256=` and the lower-case hex HMAC
/// of `timestamp.body`.
///
/// The key is the whole secret string, its `whsec_` included. `timestamp` is
/// in Unix seconds; `body` the exact bytes sent.
#[must_use]
pub fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_test_vector_holds() {
        assert_eq!(
            sign("whsec_test", 1_700_000_000, br#"{"a":1}"#),
            "sha256=38877139021993b830af32feea6e18a8da83eb2f6e49ee50bd9e4cf4ca4d3789"
        );
    }

    #[test]
    fn every_byte_of_the_body_counts() {
        assert_ne!(sign("whsec_test", 1, b"{}"), sign("whsec_test", 1, b"{} "));
    }
}
