//! The life of calls: admitted, placed, reported, ended.
//!
//! | step | file |
//! |---|---|
//! | agent + number + options → [`offhook_model::plan::CallPlan`] | [`plan`] |
//! | an INVITE arrives; reports of the engine | [`host`] |
//! | `POST /v1/calls` | [`outbound`] |
//! | `POST /v1/calls/web` | [`web`] |
//! | hang-up by API, the one end of every call | [`end`] |
//! | signs of life, calls of a dead process | [`lost`] |
//! | what they cost | [`charges`] |
//! | what is known of the other side | [`party`] |
//! | texts a hosted agent sends and reads | [`texts`] |
//! | where calls may go | [`routing`], [`blocked`] |
//!
//! The store is the truth; [`CallRuntime`] only knows what is live in this
//! process and who is watching.

pub mod blocked;
pub mod charges;
pub mod end;
pub mod ended_event;
pub mod exchanges;
pub mod host;
pub mod live;
pub mod lost;
pub mod outbound;
pub mod party;
pub mod plan;
pub mod range;
pub mod routing;
pub mod texts;
pub mod token;
pub mod web;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use offhook_bus::Bus;
use offhook_model::{Timestamp, id::CallId};
use offhook_sim::SimNetwork;
use offhook_store::Blobs;
use tokio::sync::Notify;

use crate::{app::App, error::Chain, spool::Spool};
use live::LiveCalls;
use routing::Routing;
use token::TokenKey;

/// How long a browser may take to join its call (contract §5.5).
pub const JOIN_TIME: Duration = Duration::from_secs(30);

/// Longest call where limits are off: no call outlives a day.
const NO_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// What this process knows of calls beyond the store.
pub struct CallRuntime {
    /// This start of the process: calls of any other are lost ones.
    pub incarnation: String,
    /// Who watches which call.
    pub bus: Bus,
    /// Calls that are not over.
    pub live: LiveCalls,
    /// Signs access tokens of web calls.
    pub tokens: TokenKey,
    /// Rung when an event was committed; the delivery worker waits for it.
    pub outbox: Arc<Notify>,
    routing: OnceLock<Routing>,
    sim: OnceLock<Arc<SimNetwork>>,
    spool: OnceLock<Spool>,
}

impl Default for CallRuntime {
    fn default() -> Self {
        Self {
            incarnation: uuid::Uuid::new_v4().to_string(),
            bus: Bus::local(),
            live: LiveCalls::default(),
            tokens: TokenKey::new(rand::random()),
            outbox: Arc::new(Notify::new()),
            routing: OnceLock::new(),
            sim: OnceLock::new(),
            spool: OnceLock::new(),
        }
    }
}

impl fmt::Debug for CallRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRuntime")
            .field("incarnation", &self.incarnation)
            .field("live", &self.live.count())
            .finish_non_exhaustive()
    }
}

impl CallRuntime {
    /// Says how calls leave. Known only once the simulated network listens,
    /// so it comes second; a second call has no effect and returns false.
    pub fn set_routing(&self, routing: Routing) -> bool {
        self.routing.set(routing).is_ok()
    }

    /// Gives the simulated network to those who drive it over the API. A
    /// second call has no effect and returns false.
    pub fn set_sim_network(&self, network: Arc<SimNetwork>) -> bool {
        self.sim.set(network).is_ok()
    }

    /// Gives reports a place to wait while the database is away. A second call
    /// has no effect and returns false.
    pub fn set_spool(&self, spool: Spool) -> bool {
        self.spool.set(spool).is_ok()
    }

    /// Where reports wait while the database is away; without one, only ends do.
    #[must_use]
    pub fn spool(&self) -> Option<&Spool> {
        self.spool.get()
    }

    /// The simulated network; none where the sim carrier is off.
    #[must_use]
    pub fn sim_network(&self) -> Option<&Arc<SimNetwork>> {
        self.sim.get()
    }

    /// How calls leave; nowhere until [`Self::set_routing`].
    #[must_use]
    pub fn routing(&self) -> &Routing {
        static NOWHERE: Routing = Routing { sim: None, trunks: Vec::new() };
        self.routing.get().unwrap_or(&NOWHERE)
    }
}

/// Longest call: what the operator allows.
#[must_use]
pub fn max_duration(app: &App) -> Duration {
    app.settings().limits.map_or(NO_LIMIT, |limits| limits.max_call)
}

/// Where a call's recording goes; none when recording is off, or the
/// directory cannot be used, which must not cost the call.
pub async fn recording_path(app: &App, call: &CallId) -> Option<PathBuf> {
    let directory = app.settings().recordings.clone()?;
    let path = async { Blobs::open(directory).await?.recording_path(call) };
    match path.await {
        Ok(path) => Some(path),
        Err(error) => {
            tracing::error!(call.id = %call, error = %Chain(&error), "the call cannot be recorded");
            None
        }
    }
}

/// A new call id.
#[must_use]
pub fn new_call_id(now: Timestamp) -> CallId {
    CallId::new(now, rand::random())
}
