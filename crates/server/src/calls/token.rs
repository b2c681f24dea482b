//! Access tokens of web calls: JSON Web Tokens (RFC 7519), HS256 only.
//!
//! A token opens one call, once, within the join time. The algorithm is
//! never read from the token: what was not signed by us with HS256 is refused.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use offhook_model::{Timestamp, id::CallId};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// `{"alg":"HS256","typ":"JWT"}`, the only header made or taken.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// Whom the token is for: the signalling of web calls.
const AUDIENCE: &str = "offhook-web-call";
/// Longest token read, bytes.
const LONGEST: usize = 4096;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Always `offhook-web-call`.
    pub aud: String,
    /// The call it opens.
    pub sub: String,
    /// Single use: the signalling takes each once.
    pub jti: String,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Good until, Unix seconds.
    pub exp: i64,
    /// Where the browser signals.
    pub url: String,
}

/// Why a token was refused; clients see only that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours: wrong shape, algorithm, signature or audience.
    #[error("not a token of this server")]
    Forged,
    /// The join time has passed.
    #[error("the token has expired")]
    Expired,
}

/// The key that signs access tokens: 32 random bytes of this process. A
/// restart ends every web call, so older tokens have nothing to open.
#[derive(Clone)]
pub struct TokenKey([u8; 32]);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

impl TokenKey {
    /// A key of these bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// A token for `call`, good for `join_seconds` from `now`.
    #[must_use]
    pub fn issue(&self, call: &CallId, url: &str, jti: String, now: Timestamp, join_seconds: u32) -> String {
        let claims = Claims {
            aud: AUDIENCE.to_owned(),
            sub: call.to_string(),
            jti,
            iat: now.as_second(),
            exp: now.as_second() + i64::from(join_seconds),
            url: url.to_owned(),
        };
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
        let signed = format!("{HEADER}.{payload}");
        let signature = URL_SAFE_NO_PAD.encode(self.mac(&signed).finalize().into_bytes());
        format!("{signed}.{signature}")
    }

    /// Reads a token.
    ///
    /// # Errors
    /// [`TokenError`]: anything not signed by this key, or too old.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Forged);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Forged)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Forged)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Forged)?;
        self.mac(signed).verify_slice(&signature).map_err(|_| TokenError::Forged)?;
        if header != HEADER {
            return Err(TokenError::Forged);
        }
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenError::Forged)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| TokenError::Forged)?;
        if claims.aud != AUDIENCE {
            return Err(TokenError::Forged);
        }
        if now.as_second() >= claims.exp {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }

    fn mac(&self, signed: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(signed.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn token(key: &TokenKey) -> String {
        key.issue(&CallId::from("call_1"), "wss://example.test/x", "one".to_owned(), at(100), 30)
    }

    #[test]
    fn the_header_names_hs256() {
        assert_eq!(URL_SAFE_NO_PAD.decode(HEADER).unwrap(), br#"{"alg":"HS256","typ":"JWT"}"#);
    }

    #[test]
    fn a_token_opens_its_call_until_the_join_time_passes() {
        let key = TokenKey::new([7; 32]);
        let token = token(&key);
        assert_eq!(key.verify(&token, at(129)).unwrap().sub, "call_1");
        assert_eq!(key.verify(&token, at(130)), Err(TokenError::Expired));
    }

    #[test]
    fn another_key_or_a_changed_byte_is_refused() {
        let key = TokenKey::new([7; 32]);
        let token = token(&key);
        assert_eq!(TokenKey::new([8; 32]).verify(&token, at(100)), Err(TokenError::Forged));
        for at_byte in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at_byte] = if bytes[at_byte] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(key.verify(&changed, at(100)).is_err(), "byte {at_byte}");
        }
    }

    #[test]
    fn alg_none_is_refused() {
        let key = TokenKey::new([7; 32]);
        let payload = token(&key).split('.').nth(1).unwrap().to_owned();
        let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
        assert_eq!(key.verify(&format!("{header}.{payload}."), at(100)), Err(TokenError::Forged));
        for junk in ["", ".", "..", "a.b.c", "\u{1f600}.x.y"] {
            assert_eq!(key.verify(junk, at(100)), Err(TokenError::Forged));
        }
    }
}
