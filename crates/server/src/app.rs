//! Everything a handler may use.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use metrics_exporter_prometheus::PrometheusHandle;
use offhook_carriers::Carrier;
use offhook_model::Timestamp;
use offhook_store::Store;
use offhook_voice::providers::fetch::FetchClient;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    audit::AuditLog, calls::CallRuntime, deliver::DeliveryRuntime, messaging::MessagingRuntime,
    settings::Settings, store_health::StoreHealth, telephony::Telephony,
};

/// Tells the time; tests set it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the process is made of, for `/readyz` and `doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Components {
    /// Name of the recogniser.
    pub stt: String,
    /// Name of the synthesiser.
    pub tts: String,
    /// Who answers in hosted mode: a model's name, or `extractive`.
    pub llm: String,
}

/// What an [`App`] is made of.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The operator's settings.
    pub settings: Settings,
    /// Where numbers come from.
    pub carrier: Arc<dyn Carrier>,
    /// Reaches the addresses that tenants choose; its policy follows
    /// [`Settings::allow_private`].
    pub fetch: FetchClient,
    /// The time.
    pub clock: Clock,
    /// Names of the engines.
    pub components: Components,
    /// Renders `/metrics`; none where no recorder is installed.
    pub metrics: Option<PrometheusHandle>,
}

/// The state of the server; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    parts: Parts,
    telephony: OnceLock<Arc<dyn Telephony>>,
    calls: CallRuntime,
    messaging: MessagingRuntime,
    deliveries: DeliveryRuntime,
    number_ends: Notify,
    draining: CancellationToken,
    store_health: StoreHealth,
    audit: AuditLog,
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            audit: AuditLog::new(parts.store.clone()),
            deliveries: DeliveryRuntime::new(&parts.settings),
            parts,
            telephony: OnceLock::new(),
            calls: CallRuntime::default(),
            messaging: MessagingRuntime::default(),
            number_ends: Notify::new(),
            draining: CancellationToken::new(),
            store_health: StoreHealth::default(),
        }))
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.parts.store
    }

    /// The operator's settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    /// Where numbers come from.
    #[must_use]
    pub fn carrier(&self) -> &Arc<dyn Carrier> {
        &self.0.parts.carrier
    }

    /// Reaches the addresses that tenants choose.
    #[must_use]
    pub fn fetch(&self) -> &FetchClient {
        &self.0.parts.fetch
    }

    /// Names of the engines.
    #[must_use]
    pub fn components(&self) -> &Components {
        &self.0.parts.components
    }

    /// Renders `/metrics`.
    #[must_use]
    pub fn metrics(&self) -> Option<&PrometheusHandle> {
        self.0.parts.metrics.as_ref()
    }

    /// The calls of this process.
    #[must_use]
    pub fn calls(&self) -> &CallRuntime {
        &self.0.calls
    }

    /// The messages of this process.
    #[must_use]
    pub fn messaging(&self) -> &MessagingRuntime {
        &self.0.messaging
    }

    /// Deliveries of this process.
    #[must_use]
    pub fn deliveries(&self) -> &DeliveryRuntime {
        &self.0.deliveries
    }

    /// Rung when a number was given an end; [`crate::expire`] waits for it.
    #[must_use]
    pub fn number_ends(&self) -> &Notify {
        &self.0.number_ends
    }

    /// Cancelled once the process is asked to stop: no new calls, no new work
    /// of others; the calls in progress and the API go on.
    #[must_use]
    pub fn draining(&self) -> &CancellationToken {
        &self.0.draining
    }

    /// Whether the database can be used now.
    #[must_use]
    pub fn store_health(&self) -> &StoreHealth {
        &self.0.store_health
    }

    /// Who did what.
    #[must_use]
    pub fn audit(&self) -> &AuditLog {
        &self.0.audit
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0.parts.clock)()
    }

    /// The phone engine, once [`Self::connect`] was called.
    #[must_use]
    pub fn telephony(&self) -> Option<&Arc<dyn Telephony>> {
        self.0.telephony.get()
    }

    /// Gives the app its phone engine. The engine needs the app as its host,
    /// so it comes second. A second call has no effect and returns false.
    pub fn connect(&self, telephony: Arc<dyn Telephony>) -> bool {
        self.0.telephony.set(telephony).is_ok()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("settings", self.settings()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("settings", &self.settings).finish_non_exhaustive()
    }
}
