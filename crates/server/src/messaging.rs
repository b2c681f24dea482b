//! The life of messages: accepted, handed over, reported on, received.
//!
//! | step | file |
//! |---|---|
//! | a message of ours, from wish to acceptance | [`send`] |
//! | who sends it, whom to, how | [`sender`], [`blocked`], `channel`, [`whatsapp`] |
//! | whether it may leave, what it costs | `registration`, `usage` |
//! | its pictures and files | [`media`] |
//! | handing it to the carrier, at most once | [`submit`], [`queue`] |
//! | what the carrier tells: arrivals, reports | [`inbound`] |
//! | STOP, START, HELP | [`keywords`] |
//! | the `agent.message` event | [`event`] |
//! | texts of the platform itself | [`system`] |
//!
//! The store is the truth; [`MessagingRuntime`] only wakes the worker.

pub mod blocked;
mod channel;
pub mod event;
pub mod inbound;
pub mod keywords;
pub mod media;
pub mod queue;
mod registration;
pub mod send;
pub mod sender;
pub mod submit;
pub mod system;
mod usage;
pub mod whatsapp;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use offhook_sim::SimTexts;
use tokio::sync::Notify;

/// What this process knows of messages beyond the store.
#[derive(Default)]
pub struct MessagingRuntime {
    /// Rung when a message waits to be handed over.
    pub queue: Notify,
    sim: OnceLock<Arc<SimTexts>>,
}

impl MessagingRuntime {
    /// Gives the simulated network for texts to those who drive it over the
    /// API. A second call has no effect and returns false.
    pub fn set_sim(&self, texts: Arc<SimTexts>) -> bool {
        self.sim.set(texts).is_ok()
    }

    /// The simulated network for texts; none where the sim carrier is off.
    #[must_use]
    pub fn sim(&self) -> Option<&Arc<SimTexts>> {
        self.sim.get()
    }
}

impl fmt::Debug for MessagingRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessagingRuntime").field("has_sim", &self.sim().is_some()).finish_non_exhaustive()
    }
}
