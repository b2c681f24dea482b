//! The call engine of a process.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use offhook_model::{call::EndReason, id::CallId, plan::CallPlan};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    call::{self, LAST_WORDS, Order},
    endpoint::{Endpoint, EndpointConfig, Handset, IncomingCall, StartError},
    host::{Admission, CallHost, DialTarget},
    media::{MediaConfig, MediaPool, PoolStats},
    talk::Talker,
};

/// How long calls that are told to end may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(8);

/// How an engine works.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// SIP: addresses, handsets, limits, timers.
    pub endpoint: EndpointConfig,
    /// RTP: addresses, ports, threads, timeout.
    pub media: MediaConfig,
    /// How long a REFER may take before the transfer is bridged instead; 30 s.
    pub refer_timeout: Duration,
    /// How long an inbound call rings before its agent answers; 0 s.
    pub answer_after: Duration,
}

impl EngineConfig {
    /// The defaults, with SIP there.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            endpoint: EndpointConfig::new(listen),
            media: MediaConfig::default(),
            refer_timeout: Duration::from_secs(30),
            answer_after: Duration::ZERO,
        }
    }
}

/// No new call is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DialRefused {
    /// The process is about to stop.
    #[error("the engine is draining")]
    Draining,
    /// As many calls as allowed are in progress.
    #[error("the engine carries as many calls as it may")]
    Full,
}

/// The running engine; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// What all calls share.
pub(crate) struct Shared {
    pub endpoint: Endpoint,
    pub media: Arc<MediaPool>,
    pub host: Arc<dyn CallHost>,
    pub talker: Arc<dyn Talker>,
    pub refer_timeout: Duration,
    pub answer_after: Duration,
    pub calls: Mutex<HashMap<CallId, mpsc::Sender<Order>>>,
    pub tasks: TaskTracker,
    /// Ends bridges between handsets, which are no calls of an agent.
    pub stop: CancellationToken,
    draining: AtomicBool,
}

impl Shared {
    /// Makes a call known, so that it can be ended from outside.
    pub fn register(&self, call: &CallId) -> mpsc::Receiver<Order> {
        let (sender, receiver) = mpsc::channel(4);
        self.lock().insert(call.clone(), sender);
        receiver
    }

    /// Forgets an ended call.
    pub fn forget(&self, call: &CallId) {
        self.lock().remove(call);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<CallId, mpsc::Sender<Order>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Opens the sockets and takes calls.
    ///
    /// # Errors
    /// [`StartError`] when an address or thread cannot be had.
    pub async fn start(
        config: EngineConfig,
        host: Arc<dyn CallHost>,
        talker: Arc<dyn Talker>,
    ) -> Result<Self, StartError> {
        let media = Arc::new(MediaPool::start(config.media)?);
        let (endpoint, incoming) = Endpoint::start(config.endpoint, Arc::clone(&media)).await?;
        let shared = Arc::new(Shared {
            endpoint,
            media,
            host,
            talker,
            refer_timeout: config.refer_timeout,
            answer_after: config.answer_after,
            calls: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            draining: AtomicBool::new(false),
        });
        tokio::spawn(take_calls(Arc::clone(&shared), incoming));
        Ok(Self { shared })
    }

    /// Where SIP is listened for.
    #[must_use]
    pub fn sip_addr(&self) -> SocketAddr {
        self.shared.endpoint.local_addr()
    }

    /// The endpoint, for what is no call of an agent.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared.endpoint
    }

    /// What the media threads did so far.
    #[must_use]
    pub fn media_stats(&self) -> PoolStats {
        self.shared.media.stats()
    }

    /// Starts an outbound call; the targets are tried in order. Everything
    /// else comes as reports to the host, `Ended` last.
    ///
    /// # Errors
    /// [`DialRefused`]: nothing was started and nothing will be reported.
    pub fn dial(&self, plan: CallPlan, targets: Vec<DialTarget>) -> Result<(), DialRefused> {
        if self.shared.draining.load(SeqCst) {
            return Err(DialRefused::Draining);
        }
        if self.shared.endpoint.active_calls() >= self.shared.endpoint.core.config.max_calls {
            return Err(DialRefused::Full);
        }
        call::start(&self.shared, plan, call::Origin::Outbound(targets));
        Ok(())
    }

    /// Ends a call with this reason; false when no such call runs here.
    #[must_use]
    pub fn hang_up(&self, call: &CallId, reason: EndReason) -> bool {
        self.order(call, Order::HangUp(reason))
    }

    fn order(&self, call: &CallId, order: Order) -> bool {
        // A full queue means that it has been told often enough.
        let calls = self.shared.lock();
        calls.get(call).is_some_and(|orders| {
            !matches!(orders.try_send(order), Err(mpsc::error::TrySendError::Closed(_)))
        })
    }

    /// The agents' calls in progress.
    #[must_use]
    pub fn active_calls(&self) -> Vec<CallId> {
        self.shared.lock().keys().cloned().collect()
    }

    /// Where a registered handset can be called, the latest registration first.
    #[must_use]
    pub fn handset_contacts(&self, user: &str) -> Vec<DialTarget> {
        self.shared.endpoint.handset_contacts(user)
    }

    /// Where a registered handset can be called.
    #[must_use]
    pub fn handset_contact(&self, user: &str) -> Option<DialTarget> {
        self.handset_contacts(user).into_iter().next()
    }

    /// The handsets registered now.
    #[must_use]
    pub fn handsets(&self) -> Vec<Handset> {
        self.shared.endpoint.handsets()
    }

    /// Refuses new calls; those in progress go on.
    pub fn drain(&self) {
        self.shared.draining.store(true, SeqCst);
        self.shared.endpoint.drain();
    }

    /// Drains, waits up to `grace` for calls to end by themselves, ends the
    /// others with [`EndReason::Shutdown`] and returns when all are reported.
    /// With `goodbye` their agents say it first, within [`LAST_WORDS`].
    pub async fn shutdown(&self, grace: Duration, goodbye: Option<&str>) {
        self.drain();
        let tasks = &self.shared.tasks;
        tasks.close();
        if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
            self.shared.stop.cancel();
            let reason = EndReason::Shutdown;
            let order = match goodbye {
                Some(words) => Order::Leave { words: words.into(), reason },
                None => Order::HangUp(reason),
            };
            for call in self.active_calls() {
                let _told = self.order(&call, order.clone());
            }
            let patience = if goodbye.is_some() { LAST_WORDS + GOODBYE } else { GOODBYE };
            if tokio::time::timeout(patience, tasks.wait()).await.is_err() {
                tracing::error!(calls = tasks.len(), "calls did not end in time");
            }
        }
        // The last BYEs are still on their way.
        let until = tokio::time::Instant::now() + Duration::from_secs(1);
        while self.shared.endpoint.dialogs() > 0 && tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.shared.endpoint.close();
    }
}

async fn take_calls(shared: Arc<Shared>, mut incoming: mpsc::Receiver<IncomingCall>) {
    while let Some(call) = incoming.recv().await {
        let tasks = shared.tasks.clone();
        tasks.spawn(take_call(Arc::clone(&shared), call));
    }
}

/// Asks the host what to do with a call, and does it.
async fn take_call(shared: Arc<Shared>, call: IncomingCall) {
    match shared.host.admit(call.arrival.clone()).await {
        Admission::Answer(plan) => call::start(&shared, *plan, call::Origin::Inbound(Box::new(call))),
        // Only handsets may call out through us: whoever is none must prove
        // to be one first.
        Admission::Connect(_) if call.arrival.handset.is_none() => call.challenge(),
        Admission::Connect(targets) => call::bridge::connect(&shared, call, targets).await,
        Admission::Reject { status: 401 | 407, .. } => call.challenge(),
        Admission::Reject { status, reason } => {
            tracing::info!(sip.call_id = call.arrival.sip_call_id, status, reason, "call refused");
            call.reject(status);
        }
    }
}
