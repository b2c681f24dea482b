//! Signatures of webhook requests (contract `webhooks.md` §2), and those of
//! [Standard Webhooks](https://www.standardwebhooks.com) beside them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How every secret begins. Standard Webhooks takes it off before it decodes.
const PREFIX: &str = "whsec_";

/// The value of `X-Webhook-Signature`: `sha256=` and the lower-case hex HMAC
/// of `timestamp.body`.
///
/// The key is the whole secret string, its `whsec_` included. `timestamp` is
/// in Unix seconds; `body` the exact bytes sent.
#[must_use]
pub fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let timestamp = timestamp.to_string();
    let mac = hmac(secret.as_bytes(), [timestamp.as_bytes(), b".", body]);
    format!("sha256={}", hex::encode(mac))
}

/// The value of `webhook-signature`: `v1,` and the base64 HMAC of
/// `id.timestamp.body`.
///
/// The key is what base64 makes of the secret after `whsec_`, as the libraries
/// of Standard Webhooks derive it. The 64 hex digits of our secrets are valid
/// base64 of 48 bytes. Of a secret that is not base64, which those libraries
/// refuse, the key is the whole string.
/// Source: Standard Webhooks 1.0.0, "Signature scheme".
#[must_use]
pub fn sign_standard(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX).unwrap_or(secret));
    let key = key.unwrap_or_else(|_| secret.as_bytes().to_vec());
    let timestamp = timestamp.to_string();
    let mac = hmac(&key, [id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
    format!("v1,{}", STANDARD.encode(mac))
}

fn hmac<const N: usize>(key: &[u8], parts: [&[u8]; N]) -> impl AsRef<[u8]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes()
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

    /// The example that the libraries of Standard Webhooks test themselves with.
    #[test]
    fn the_test_vector_of_standard_webhooks_holds() {
        assert_eq!(
            sign_standard(
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                br#"{"test": 2432232314}"#
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn hex_digits_are_a_key_in_base64() {
        let secret = format!("whsec_{}", "0123456789abcdef".repeat(4));
        let key = STANDARD.decode("0123456789abcdef".repeat(4)).unwrap();
        assert_eq!(key.len(), 48);
        let mac = hmac(&key, [b"id.7.{}".as_slice()]);
        assert_eq!(sign_standard(&secret, "id", 7, b"{}"), format!("v1,{}", STANDARD.encode(mac)));
    }

    #[test]
    fn a_secret_that_is_not_base64_is_its_own_key() {
        let mac = hmac(b"whsec_not base64!", [b"id.7.{}".as_slice()]);
        assert_eq!(
            sign_standard("whsec_not base64!", "id", 7, b"{}"),
            format!("v1,{}", STANDARD.encode(mac))
        );
    }
}
