//! A SIP endpoint: one address that takes and places calls.
//!
//! The engine, the talking test numbers and the test agents are all built on
//! it. A call is a [`Leg`]; what rings in comes as an [`IncomingCall`].
//!
//! ```text
//! Endpoint::start ──► Receiver<IncomingCall> ──accept──► Leg ──events──► you
//! Endpoint::dial  ─────────────────────────────────────► Leg
//! ```

mod incoming;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use offhook_sip::{ring, sdp, session_timer::TimerPolicy};
use tokio::sync::mpsc;

pub use crate::sip::{Handset, RateLimit, RegistrarConfig, StartError};
use crate::{
    host::DialTarget,
    leg::{Leg, LegError, uac},
    media::MediaPool,
    sip::{dispatch, registrar::Registrar, stack::Stack},
};
pub use incoming::IncomingCall;
pub(crate) use incoming::{Parts, refuse};

/// Calls that may wait to be taken from the receiver of [`Endpoint::start`].
const INCOMING: usize = 256;

/// How an endpoint behaves.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Where to listen, UDP and TCP; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// What to write into Via and Contact; needed when `listen` is
    /// unspecified. Port 0 means the one that is listened on.
    pub advertised: Option<SocketAddr>,
    /// `User-Agent`.
    pub user_agent: String,
    /// Codecs and packet time.
    pub sdp: sdp::Policy,
    /// Session timers of RFC 4028.
    pub session_timers: TimerPolicy,
    /// How long a callee may ring before CANCEL; 60 s.
    pub ring_timeout: Duration,
    /// Calls at once, both ways; beyond it 503.
    pub max_calls: usize,
    /// Requests a source may send.
    pub rate: RateLimit,
    /// Who may register; none refuses REGISTER and every credential.
    pub registrar: Option<RegistrarConfig>,
    /// Round-trip estimate of RFC 3261, 500 ms; shorter only in tests.
    pub t1: Duration,
}

impl EndpointConfig {
    /// The defaults, listening there.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            advertised: None,
            user_agent: concat!("Offhook/", env!("CARGO_PKG_VERSION")).to_owned(),
            sdp: sdp::Policy::default(),
            session_timers: TimerPolicy::default(),
            ring_timeout: ring::RING_TIMEOUT,
            max_calls: 2_000,
            rate: RateLimit::default(),
            registrar: None,
            t1: Duration::from_millis(500),
        }
    }

    /// The defaults on loopback, on a port of the system's choice.
    #[must_use]
    pub fn loopback() -> Self {
        Self::new(SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}

/// A running endpoint; cheap to clone. The last clone to go closes the sockets.
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) core: Arc<Core>,
}

/// What all calls of an endpoint share.
pub(crate) struct Core {
    pub config: EndpointConfig,
    pub stack: Stack,
    pub media: Arc<MediaPool>,
    pub registrar: Arc<Registrar>,
    pub calls: Arc<AtomicUsize>,
    pub draining: AtomicBool,
}

/// Counts a call while it lives.
pub(crate) struct CallSlot(Arc<AtomicUsize>);

impl Drop for CallSlot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Core {
    /// A place for one more call; none when full or draining.
    pub fn slot(&self) -> Option<CallSlot> {
        if self.draining.load(SeqCst) {
            return None;
        }
        let taken = self.calls.fetch_add(1, SeqCst);
        let slot = CallSlot(Arc::clone(&self.calls));
        (taken < self.config.max_calls).then_some(slot)
    }
}

impl Endpoint {
    /// Listens. Calls come out of the receiver; dropping it refuses them with
    /// 480.
    ///
    /// # Errors
    /// [`StartError`] when the address cannot be had for UDP and TCP.
    pub async fn start(
        config: EndpointConfig,
        media: Arc<MediaPool>,
    ) -> Result<(Self, mpsc::Receiver<IncomingCall>), StartError> {
        let registrar = Arc::new(Registrar::new(config.registrar.clone(), rand::random(), Instant::now()));
        let (stack, requests) = Stack::start(
            config.listen,
            config.advertised,
            &config.user_agent,
            config.t1,
            config.rate,
            Arc::clone(&registrar),
        )
        .await?;
        let core = Arc::new(Core {
            config,
            stack,
            media,
            registrar,
            calls: Arc::default(),
            draining: AtomicBool::new(false),
        });
        let (sender, receiver) = mpsc::channel(INCOMING);
        tokio::spawn(dispatch::serve(Arc::downgrade(&core), requests, sender, core.stack.stopped()));
        Ok((Self { core }, receiver))
    }

    /// Where it listens, with the port the system chose.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.core.stack.local
    }

    /// What it writes into Via and Contact.
    #[must_use]
    pub fn advertised_addr(&self) -> SocketAddr {
        self.core.stack.advertised
    }

    /// `sip:user@` this endpoint.
    #[must_use]
    pub fn uri(&self, user: &str) -> String {
        self.core.stack.address_of(user).to_string()
    }

    /// Sends an INVITE. The leg tells how it goes on; it ends by itself when
    /// nobody answers within the configured ring timeout.
    ///
    /// Digest challenges are answered with the target's credentials.
    ///
    /// # Errors
    /// [`LegError`] when nothing could be sent.
    pub fn dial(&self, target: &DialTarget) -> Result<Leg, LegError> {
        uac::dial(&self.core, target, self.core.config.ring_timeout)
    }

    /// As [`Self::dial`] with another ring timeout.
    ///
    /// # Errors
    /// See [`Self::dial`].
    pub fn dial_for(&self, target: &DialTarget, ring: Duration) -> Result<Leg, LegError> {
        uac::dial(&self.core, target, ring)
    }

    /// Where a registered handset can be called; the latest registration first.
    #[must_use]
    pub fn handset_contacts(&self, user: &str) -> Vec<DialTarget> {
        self.core.registrar.contacts(user, Instant::now())
    }

    /// The handsets registered now.
    #[must_use]
    pub fn handsets(&self) -> Vec<Handset> {
        self.core.registrar.handsets(Instant::now())
    }

    /// Calls in progress, both ways.
    #[must_use]
    pub fn active_calls(&self) -> usize {
        self.core.calls.load(SeqCst)
    }

    /// Dialogs the stack still remembers, for tests of leaks.
    #[must_use]
    pub fn dialogs(&self) -> usize {
        self.core.stack.dialogs.len()
    }

    /// Refuses new calls (503, also to OPTIONS); those in progress go on.
    pub fn drain(&self) {
        self.core.draining.store(true, SeqCst);
    }

    /// Closes the sockets at once; calls in progress are not told.
    pub fn close(&self) {
        self.drain();
        self.core.stack.stop();
    }
}
