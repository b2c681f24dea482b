//! Digest authentication as a server (RFC 7616, RFC 3261 §22).

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use md5::Md5;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// A nonce answers challenges for this long.
const NONCE_LIFE: Duration = Duration::from_secs(300);
/// Failures in [`FAILURE_WINDOW`] after which an address is refused unread.
const MAX_FAILURES: u32 = 10;
const FAILURE_WINDOW: Duration = Duration::from_secs(60);
/// Addresses whose failures are remembered.
const MAX_FAILING: usize = 10_000;

/// What a set of credentials proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The user name, proved.
    Proved(String),
    /// None were sent, or the nonce is old: challenge.
    Challenge {
        /// The credentials were right, only the nonce had expired.
        stale: bool,
    },
    /// They are wrong.
    Wrong,
    /// Too many wrong ones came from this address.
    Blocked,
}

/// Issues nonces and checks credentials.
///
/// One password serves every user name, so an unknown user and a wrong
/// password look alike by construction.
pub struct Digest {
    realm: String,
    password: String,
    secret: [u8; 32],
    epoch: Instant,
    failures: Mutex<HashMap<IpAddr, (u32, Instant)>>,
}

impl Digest {
    /// Nonces are made from `secret`; it must be random.
    pub fn new(realm: String, password: String, secret: [u8; 32], now: Instant) -> Self {
        Self { realm, password, secret, epoch: now, failures: Mutex::new(HashMap::new()) }
    }

    /// A challenge, strongest algorithm last so that older phones find MD5 first.
    pub fn challenge(&self, stale: bool, now: Instant) -> String {
        let stale = if stale { ", stale=true" } else { "" };
        format!(
            "Digest realm=\"{}\", nonce=\"{}\", algorithm=MD5, qop=\"auth\"{stale}",
            self.realm,
            self.nonce(now)
        )
    }

    /// Checks the value of an `Authorization` or `Proxy-Authorization` header.
    pub fn verify(&self, header: Option<&str>, method: &str, source: IpAddr, now: Instant) -> Verdict {
        let Some(fields) = header.and_then(Fields::parse) else {
            return Verdict::Challenge { stale: false };
        };
        if self.is_blocked(source, now) {
            return Verdict::Blocked;
        }
        let right = fields.realm == self.realm && self.is_right(&fields, method);
        match (right, self.nonce_age(&fields.nonce, now)) {
            (true, Some(age)) if age <= NONCE_LIFE => {
                self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&source);
                Verdict::Proved(fields.username)
            }
            // Ours but old, or from before a restart: not the user's fault.
            (true, _) => Verdict::Challenge { stale: true },
            (false, _) => {
                self.note_failure(source, now);
                Verdict::Wrong
            }
        }
    }

    fn is_right(&self, f: &Fields, method: &str) -> bool {
        let hash = |text: String| match f.algorithm.as_str() {
            "SHA-256" => hex::encode(Sha256::digest(text)),
            _ => hex::encode(Md5::digest(text)),
        };
        if !matches!(f.algorithm.as_str(), "MD5" | "SHA-256") {
            return false;
        }
        let ha1 = hash(format!("{}:{}:{}", f.username, self.realm, self.password));
        let ha2 = hash(format!("{method}:{}", f.uri));
        let expected = match f.qop.as_str() {
            "" => hash(format!("{ha1}:{}:{ha2}", f.nonce)),
            "auth" => hash(format!("{ha1}:{}:{}:{}:auth:{ha2}", f.nonce, f.nc, f.cnonce)),
            _ => return false,
        };
        expected.as_bytes().ct_eq(f.response.to_ascii_lowercase().as_bytes()).into()
    }

    fn nonce(&self, now: Instant) -> String {
        let at = now.saturating_duration_since(self.epoch).as_secs();
        format!("{at:x}-{}", self.seal(at))
    }

    fn nonce_age(&self, nonce: &str, now: Instant) -> Option<Duration> {
        let (at, seal) = nonce.split_once('-')?;
        let at = u64::from_str_radix(at, 16).ok()?;
        if !bool::from(self.seal(at).as_bytes().ct_eq(seal.as_bytes())) {
            return None;
        }
        let now = now.saturating_duration_since(self.epoch).as_secs();
        Some(Duration::from_secs(now.checked_sub(at)?))
    }

    fn seal(&self, at: u64) -> String {
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update(at.to_be_bytes());
        hex::encode(&hash.finalize()[..16])
    }

    fn is_blocked(&self, source: IpAddr, now: Instant) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&source).is_some_and(|(n, since)| {
            *n >= MAX_FAILURES && now.saturating_duration_since(*since) < FAILURE_WINDOW
        })
    }

    fn note_failure(&self, source: IpAddr, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |since: Instant| now.saturating_duration_since(since) < FAILURE_WINDOW;
        if failures.len() >= MAX_FAILING {
            failures.retain(|_, (_, since)| recent(*since));
        }
        if failures.len() >= MAX_FAILING {
            return;
        }
        let entry = failures.entry(source).or_insert((0, now));
        *entry = if recent(entry.1) { (entry.0 + 1, entry.1) } else { (1, now) };
    }
}

/// The parameters of a Digest header.
#[derive(Debug, Default)]
struct Fields {
    username: String,
    realm: String,
    nonce: String,
    uri: String,
    response: String,
    algorithm: String,
    qop: String,
    nc: String,
    cnonce: String,
}

impl Fields {
    fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("digest") || rest.len() > 4096 {
            return None;
        }
        let mut fields = Self { algorithm: "MD5".to_owned(), ..Self::default() };
        for (name, value) in params(rest) {
            let field = match name.to_ascii_lowercase().as_str() {
                "username" => &mut fields.username,
                "realm" => &mut fields.realm,
                "nonce" => &mut fields.nonce,
                "uri" => &mut fields.uri,
                "response" => &mut fields.response,
                "algorithm" => {
                    fields.algorithm = value.to_ascii_uppercase();
                    continue;
                }
                "qop" => &mut fields.qop,
                "nc" => &mut fields.nc,
                "cnonce" => &mut fields.cnonce,
                _ => continue,
            };
            *field = value;
        }
        (!fields.username.is_empty()).then_some(fields)
    }
}

/// `name=value` and `name="quoted value"`, separated by commas.
fn params(mut rest: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([',', ' ', '\t']).to_owned();
        let after = after.trim_start();
        let value;
        if let Some(quoted) = after.strip_prefix('"') {
            let Some((inside, tail)) = quoted.split_once('"') else { break };
            value = inside.to_owned();
            rest = tail;
        } else {
            let (inside, tail) = after.split_once(',').unwrap_or((after, ""));
            value = inside.trim().to_owned();
            rest = tail;
        }
        found.push((name, value));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn digest(now: Instant) -> Digest {
        Digest::new("offhook".into(), "secret".into(), [7; 32], now)
    }

    fn answer(digest: &Digest, challenge: &str, password: &str) -> String {
        let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
        let md5 = |t: String| hex::encode(Md5::digest(t));
        let ha1 = md5(format!("1000:{}:{password}", digest.realm));
        let ha2 = md5("REGISTER:sip:h".into());
        let response = md5(format!("{ha1}:{nonce}:00000001:abc:auth:{ha2}"));
        format!(
            "Digest username=\"1000\", realm=\"offhook\", nonce=\"{nonce}\", uri=\"sip:h\", response=\"{response}\", \
             algorithm=MD5, cnonce=\"abc\", qop=auth, nc=00000001"
        )
    }

    #[test]
    fn the_right_password_proves_the_user() {
        let now = Instant::now();
        let digest = digest(now);
        assert_eq!(digest.verify(None, "REGISTER", SOURCE, now), Verdict::Challenge { stale: false });
        let header = answer(&digest, &digest.challenge(false, now), "secret");
        assert_eq!(digest.verify(Some(&header), "REGISTER", SOURCE, now), Verdict::Proved("1000".into()));
        assert_eq!(digest.verify(Some(&header), "INVITE", SOURCE, now), Verdict::Wrong);
    }

    #[test]
    fn an_old_nonce_is_stale_and_a_foreign_one_too() {
        let now = Instant::now();
        let digest = digest(now);
        let header = answer(&digest, &digest.challenge(false, now), "secret");
        let later = now + NONCE_LIFE + Duration::from_secs(2);
        assert_eq!(
            digest.verify(Some(&header), "REGISTER", SOURCE, later),
            Verdict::Challenge { stale: true }
        );
        let foreign = answer(&digest, "nonce=\"1-00\"", "secret");
        assert_eq!(
            digest.verify(Some(&foreign), "REGISTER", SOURCE, now),
            Verdict::Challenge { stale: true }
        );
    }

    #[test]
    fn guessing_is_blocked_for_a_minute() {
        let now = Instant::now();
        let digest = digest(now);
        let wrong = answer(&digest, &digest.challenge(false, now), "guess");
        for _ in 0..MAX_FAILURES {
            assert_eq!(digest.verify(Some(&wrong), "REGISTER", SOURCE, now), Verdict::Wrong);
        }
        let right = answer(&digest, &digest.challenge(false, now), "secret");
        assert_eq!(digest.verify(Some(&right), "REGISTER", SOURCE, now), Verdict::Blocked);
        let later = now + FAILURE_WINDOW;
        assert_eq!(digest.verify(Some(&right), "REGISTER", SOURCE, later), Verdict::Proved("1000".into()));
    }

    #[test]
    fn nonsense_is_answered_with_a_challenge() {
        let now = Instant::now();
        for header in [
            "",
            "Digest",
            "Basic abc",
            "Digest =",
            "Digest username=\"",
            "Digest a=b,,,=",
            "Digest \u{fffd}=\"x",
        ] {
            assert_eq!(
                digest(now).verify(Some(header), "REGISTER", SOURCE, now),
                Verdict::Challenge { stale: false }
            );
        }
    }
}
