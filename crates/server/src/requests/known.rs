//! Keys that worked a moment ago: most requests need no database to know whose
//! they are.
//!
//! A key that is revoked, by whichever node or command, works for at most
//! [`TRUSTED_FOR`] longer.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use offhook_model::Timestamp;
use offhook_store::{Authenticated, KeyHash};

/// How long a key counts as good without being looked up.
///
/// 1 s: one look-up in a second costs nothing, and nobody revokes a key and
/// expects less.
pub(crate) const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Keys kept at most. Only keys that work are kept, so nobody fills it by guessing.
const MOST: usize = 10_000;

/// What was found out about keys.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashMap<KeyHash, (Timestamp, Authenticated)>>);

impl Known {
    /// Whose key it is, if that was found out within [`TRUSTED_FOR`].
    pub(crate) fn find(&self, key: &KeyHash, now: Timestamp) -> Option<Authenticated> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (found_at, owner) = keys.get(key)?;
        is_fresh(*found_at, now).then(|| owner.clone())
    }

    /// Keeps what the database said.
    pub(crate) fn learn(&self, key: KeyHash, owner: Authenticated, now: Timestamp) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST {
            keys.retain(|_, (found_at, _)| is_fresh(*found_at, now));
        }
        if keys.len() < MOST {
            keys.insert(key, (now, owner));
        }
    }
}

/// A clock that was set back makes stale, not eternal.
fn is_fresh(found_at: Timestamp, now: Timestamp) -> bool {
    let age_ms = now.as_millisecond().abs_diff(found_at.as_millisecond());
    u128::from(age_ms) < TRUSTED_FOR.as_millis()
}

#[cfg(test)]
mod tests {
    use offhook_store::ApiKeySecret;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn owner() -> Authenticated {
        Authenticated { account_id: "acct_1".into(), key_id: "key_1".into() }
    }

    #[test]
    fn a_key_is_known_for_a_second_whichever_way_the_clock_goes() {
        let (known, key) = (Known::default(), ApiKeySecret::from_text("sk_live_1").hash());
        assert_eq!(known.find(&key, at(10_000)), None);
        known.learn(key.clone(), owner(), at(10_000));
        assert_eq!(known.find(&key, at(10_999)), Some(owner()));
        assert_eq!(known.find(&key, at(11_000)), None);
        assert_eq!(known.find(&key, at(9_000)), None);
    }

    #[test]
    fn no_more_keys_are_kept_than_fit() {
        let known = Known::default();
        let key = |n: usize| ApiKeySecret::from_text(format!("sk_live_{n}")).hash();
        for n in 0..=MOST {
            known.learn(key(n), owner(), at(10_000));
        }
        assert_eq!(known.find(&key(MOST), at(10_000)), None, "full of fresh ones");
        known.learn(key(MOST), owner(), at(11_000));
        assert_eq!(known.find(&key(MOST), at(11_000)), Some(owner()), "stale ones make room");
        assert_eq!(known.0.lock().unwrap().len(), 1);
    }
}
