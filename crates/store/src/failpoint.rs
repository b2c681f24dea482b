//! Places where a test makes the process die, wait or fail.
//!
//! Debug builds only: in a release build a failpoint is nothing at all, and
//! the variable that arms one is not even read.
//!
//! `OFFHOOK_FAILPOINT` holds one of
//!
//! - `store.commit:3`: at the third time that place is reached, die as by
//!   kill -9;
//! - `store.commit:3:pause=500`: wait there for 500 ms instead;
//! - `store.committed:1:error`: answer that the database went away. Only
//!   places in the store can answer that;
//! - `random:7:400`: die at any place, on average the 400th that is reached;
//!   7 is the seed of the draws.

use crate::StoreError;

macro_rules! places {
    ($($(#[$doc:meta])* $place:ident = $name:literal,)*) => {
        /// A place that can be armed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Failpoint {
            $($(#[$doc])* $place,)*
        }

        #[cfg(debug_assertions)]
        impl Failpoint {
            const ALL: &'static [Self] = &[$(Self::$place),*];

            /// As the variable names it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$place => $name,)*
                }
            }
        }
    };
}

places! {
    /// Before a transaction begins.
    Begin = "store.begin",
    /// A transaction's work is done; its commit comes next.
    Commit = "store.commit",
    /// A transaction is committed; nobody was told yet.
    Committed = "store.committed",
    /// Like [`Self::Commit`], of a request with an `Idempotency-Key`.
    KeyedCommit = "keyed.commit",
    /// Like [`Self::Committed`], of a request with an `Idempotency-Key`.
    KeyedCommitted = "keyed.committed",
    /// Before a file is made.
    BlobCreate = "blob.create",
    /// A file is on the disk; nobody was told yet.
    BlobWritten = "blob.written",
    /// Before an event is posted to a webhook.
    WebhookPost = "webhook.post",
    /// A webhook answered; nothing was written down yet.
    WebhookPosted = "webhook.posted",
    /// Before a text is handed to its carrier.
    CarrierSend = "carrier.send",
    /// A carrier took a text; nothing was written down yet.
    CarrierSent = "carrier.sent",
    /// It is committed that a call dials; no INVITE has left.
    Dial = "call.dial",
    /// The engine has the call; INVITE leaves or has left.
    Dialled = "call.dialled",
}

impl Failpoint {
    /// Does what the place is armed for; nothing, unless it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it is armed with `error`.
    #[cfg(debug_assertions)]
    pub async fn reach(self) -> Result<(), StoreError> {
        armed::reach(self).await
    }

    /// Nothing: this is a release build.
    ///
    /// # Errors
    /// None.
    #[cfg(not(debug_assertions))]
    #[inline(always)]
    pub async fn reach(self) -> Result<(), StoreError> {
        Ok(())
    }

    /// The same where nothing can fail: `error` is nothing here.
    pub async fn pass(self) {
        let _nothing_to_fail = self.reach().await;
    }
}

/// The places before a commit.
pub(crate) async fn before_commit(keyed: bool) -> Result<(), StoreError> {
    Failpoint::Commit.reach().await?;
    if keyed { Failpoint::KeyedCommit.reach().await } else { Ok(()) }
}

/// The places after a commit.
pub(crate) async fn after_commit(keyed: bool) -> Result<(), StoreError> {
    Failpoint::Committed.reach().await?;
    if keyed { Failpoint::KeyedCommitted.reach().await } else { Ok(()) }
}

#[cfg(debug_assertions)]
mod armed {
    use std::{
        sync::{
            Arc, OnceLock,
            atomic::{AtomicU64, Ordering},
        },
        time::Duration,
    };

    use super::Failpoint;
    use crate::StoreError;

    const VARIABLE: &str = "OFFHOOK_FAILPOINT";

    #[derive(Debug, PartialEq, Eq)]
    pub(super) enum Act {
        Die,
        Pause(Duration),
        Fail,
    }

    #[derive(Debug, PartialEq, Eq)]
    pub(super) enum Plan {
        /// At the `nth` time the place is reached, from 1.
        At { place: Failpoint, nth: u64, act: Act },
        /// Anywhere, with a chance of one in `mean`.
        Random { seed: u64, mean: u64 },
    }

    static HITS: AtomicU64 = AtomicU64::new(0);

    fn plan() -> Option<&'static Plan> {
        static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
        let read = || {
            let text = std::env::var(VARIABLE).ok()?;
            let plan = parse(&text);
            assert!(plan.is_some(), "{VARIABLE} is not understood: {text:?}");
            plan
        };
        PLAN.get_or_init(read).as_ref()
    }

    pub(super) fn parse(text: &str) -> Option<Plan> {
        let mut parts = text.split(':');
        let (place, first) = (parts.next()?, parts.next()?.parse().ok()?);
        let last = parts.next();
        if parts.next().is_some() {
            return None;
        }
        if place == "random" {
            let mean = last?.parse().ok().filter(|mean| *mean > 0)?;
            return Some(Plan::Random { seed: first, mean });
        }
        let place = Failpoint::ALL.iter().copied().find(|known| known.name() == place)?;
        let act = match last {
            None | Some("exit") => Act::Die,
            Some("error") => Act::Fail,
            Some(pause) => Act::Pause(Duration::from_millis(pause.strip_prefix("pause=")?.parse().ok()?)),
        };
        (first > 0).then_some(Plan::At { place, nth: first, act })
    }

    pub(super) async fn reach(reached: Failpoint) -> Result<(), StoreError> {
        match plan() {
            Some(Plan::At { place, nth, act }) if *place == reached => {
                if HITS.fetch_add(1, Ordering::Relaxed) + 1 != *nth {
                    return Ok(());
                }
                match act {
                    Act::Die => die(reached),
                    Act::Pause(wait) => {
                        tokio::time::sleep(*wait).await;
                        Ok(())
                    }
                    Act::Fail => {
                        Err(StoreError::Unavailable { source: Arc::new(sqlx::Error::WorkerCrashed) })
                    }
                }
            }
            Some(Plan::Random { seed, mean }) => {
                let hit = HITS.fetch_add(1, Ordering::Relaxed);
                if draw(*seed, hit).is_multiple_of(*mean) {
                    die(reached);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Ends the process as kill -9 would: nothing is flushed, nobody told.
    #[expect(clippy::print_stderr, reason = "the log's writer may be what dies")]
    fn die(at: Failpoint) -> ! {
        eprintln!("failpoint: dying at {}", at.name());
        std::process::abort()
    }

    /// Number `n` of the draws of a seed (splitmix64).
    fn draw(seed: u64, n: u64) -> u64 {
        let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        Failpoint,
        armed::{Act, Plan, parse},
    };

    #[test]
    fn the_variable_names_a_place_a_count_and_an_act() {
        let at = |nth, act| Some(Plan::At { place: Failpoint::Commit, nth, act });
        assert_eq!(parse("store.commit:3"), at(3, Act::Die));
        assert_eq!(parse("store.commit:3:exit"), at(3, Act::Die));
        assert_eq!(parse("store.commit:1:error"), at(1, Act::Fail));
        assert_eq!(parse("store.commit:1:pause=20"), at(1, Act::Pause(Duration::from_millis(20))));
        assert_eq!(parse("random:7:400"), Some(Plan::Random { seed: 7, mean: 400 }));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "store.commit",
            "store.commit:0",
            "nowhere:1",
            "random:7",
            "random:7:0",
            "store.commit:1:exit:2",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
