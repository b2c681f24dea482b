//! Puts a whole Offhook together: store, speech, engine, simulated network,
//! API. One process, one call of [`start`]; [`Running::stop`] takes it apart in
//! the order that loses nothing.

pub mod audit;
pub mod backup;
pub mod billing;
mod check;
pub mod feedback;
pub mod keys;
mod lock;
mod phone;
pub mod registrations;
mod secret;
pub mod secrets;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use offhook_carriers::{Carrier, own::OwnNumbers};
use offhook_engine::{Engine, talk::Conversations};
use offhook_media::vad::{EnergyVad, Vad};
use offhook_model::{
    Timestamp,
    e164::E164,
    id::{AccountId, ApiKeyId},
};
use offhook_sim::{
    SimCarrier,
    network::{SimConfig, SimNetwork},
};
use offhook_store::{Account, ApiKey, ApiKeySecret, Blobs, KeyPolicy, Store, StoreError, StoreOptions};
use offhook_voice::{
    brain::Brains,
    conversation,
    providers::{embedded::Embedded, speech::Speech},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use check::{Check, State, examine};
use lock::Lock;
pub use lock::LockError;
pub use offhook_engine::{
    EngineConfig,
    endpoint::{EndpointConfig, RegistrarConfig},
    host::Credentials,
    media::MediaConfig,
};
pub use offhook_store::{KeyStatus, Keys, MasterKey};
pub use offhook_voice::providers::{
    chat::{LlmConfig, LlmTimeouts, TierModels},
    fetch::FetchPolicy,
    speech::{SpeechConfig, SpeechProvider, SttConfig, TtsConfig},
};

use crate::{
    App, Parts, Settings,
    app::Components,
    audit::AuditLog,
    calls::{self, host::Host, routing::Routing},
    deliver::Deliverer,
    error::Chain,
    expire,
    idempotency::forget,
    messaging,
    numbers::months,
    retention,
    spool::{self, Spool},
    store_health,
};
pub use crate::{
    calls::routing::Trunk,
    mail::{MailSettings, MailTransport, Smtp, SmtpTls},
    signup::SignupSettings,
};

/// Everything a start needs, already parsed.
#[derive(Clone)]
pub struct Start {
    /// Where the API listens.
    pub http_listen: SocketAddr,
    /// Settings of the API; an empty `public_url` means `http://<listen>`.
    pub settings: Settings,
    /// SIP and RTP.
    pub engine: EngineConfig,
    /// `sqlite://…` or `postgres://…`.
    pub store_url: String,
    /// What secrets in the database are sealed with.
    pub keys: Keys,
    /// Largest size of a SQLite file; none is as large as the disk.
    pub store_max_bytes: Option<u64>,
    /// Largest size of the spool.
    pub spool_max_bytes: u64,
    /// Directory of recordings and media.
    pub blobs: PathBuf,
    /// The operator's own API key.
    pub bootstrap_key: Option<String>,
    /// Speech engines.
    pub speech: SpeechConfig,
    /// The model; none means the extractive answerer.
    pub llm: Option<LlmConfig>,
    /// What tenants' addresses may be.
    pub fetch: FetchPolicy,
    /// Whether the simulated carrier is on.
    pub sim: bool,
    /// Password of handsets; none means one is kept in `data_dir`.
    pub handset_password: Option<String>,
    /// Where a made handset password is kept.
    pub data_dir: PathBuf,
    /// Ways out to the real network.
    pub trunks: Vec<Trunk>,
    /// Numbers the trunks deliver: for sale when the simulated carrier is off.
    pub own_numbers: Vec<E164>,
    /// How long calls may go on after a stop was asked for.
    pub drain: Duration,
    /// What agents say to those that go on for longer; none ends them without
    /// a word.
    pub goodbye: Option<String>,
}

/// Offhook could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error("the database cannot be used (store.url)")]
    Store(#[source] StoreError),
    /// The master key.
    #[error("secrets in the database cannot be opened (secrets.master_key_file)")]
    Key(#[source] StoreError),
    /// Another process.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// The spool's file.
    #[error("the spool cannot be opened in {path} (data_dir)")]
    Spool {
        /// Where.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The recordings' directory.
    #[error("the recordings' directory cannot be used (store.blobs)")]
    Blobs(#[from] offhook_store::BlobError),
    /// A speech engine.
    #[error("speech is not available")]
    Speech(#[from] offhook_voice::speech::SpeechError),
    /// The HTTP client.
    #[error("the HTTP client cannot start")]
    Fetch(#[from] offhook_voice::providers::fetch::FetchError),
    /// SIP or RTP sockets.
    #[error("the phone engine cannot start (sip.listen, media.ports)")]
    Engine(#[from] offhook_engine::endpoint::StartError),
    /// The simulated network.
    #[error("the simulated carrier cannot start")]
    Sim(#[from] offhook_sim::network::SimError),
    /// The API's socket.
    #[error("the API cannot listen on {address} (http.listen)")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The handset password's file.
    #[error("the handset password cannot be kept in {path}")]
    Secret {
        /// Where.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Key { .. } => Self::Key(error),
            _ => Self::Store(error),
        }
    }
}

/// A running Offhook.
pub struct Running {
    http: SocketAddr,
    app: App,
    engine: Engine,
    store: Store,
    audit: AuditLog,
    sim: Option<Arc<SimNetwork>>,
    /// Given back last.
    lock: Lock,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    drain: Duration,
    goodbye: Option<String>,
    new_api_key: Option<String>,
    password_file: Option<PathBuf>,
}

/// Starts everything and returns once calls and requests are served.
///
/// # Errors
/// [`StartError`] says which part and which setting.
pub async fn start(start: Start) -> Result<Running, StartError> {
    let lock = Lock::take(&start.data_dir, &start.store_url)?;
    let options = StoreOptions {
        keys: Some(start.keys.clone()),
        max_bytes: start.store_max_bytes,
        ..StoreOptions::default()
    };
    let store = Store::connect(&start.store_url, options).await?;
    let blobs = Blobs::open(&start.blobs).await?;
    let spool = open_spool(&start).await?;
    let new_api_key = bootstrap(&store, start.bootstrap_key.as_deref()).await?;
    let (password, password_file) = handset_password(&start)?;
    let speech = Speech::from_config(&start.speech)?;
    let brains = Arc::new(Brains::new(start.llm.clone(), start.fetch.clone())?);
    let listener = TcpListener::bind(start.http_listen)
        .await
        .map_err(|source| StartError::Listen { address: start.http_listen, source })?;
    let http = listener.local_addr().unwrap_or(start.http_listen);

    let sim_carrier = start.sim.then(SimCarrier::default);
    let app = App::new(Parts {
        store: store.clone(),
        settings: settings(&start, &blobs, http),
        carrier: carrier(&start, sim_carrier.as_ref()),
        fetch: brains.fetch().clone(),
        clock: Arc::new(now),
        components: Components {
            stt: speech.recognizer.name().to_owned(),
            tts: speech.synthesizer.name().to_owned(),
            llm: start.llm.as_ref().map_or("extractive", |llm| &llm.models.balanced).to_owned(),
        },
        metrics: metrics(),
    });
    app.calls().set_spool(spool);
    if let Some(sim) = &sim_carrier {
        app.messaging().set_sim(Arc::clone(sim.texts()));
    }
    brains.set_texting(Arc::new(calls::texts::CallTexts::new(app.clone())));
    let mut config = start.engine.clone();
    config.endpoint.registrar = start.sim.then(|| RegistrarConfig { realm: "offhook".to_owned(), password });
    let talker =
        Conversations { speech: conversing(&speech), brains: Arc::clone(&brains), clock: Arc::new(now) };
    let engine = Engine::start(config, Arc::new(Host::new(app.clone())), Arc::new(talker)).await?;
    app.connect(Arc::new(phone::Phone::new(engine.clone())));
    let sim = if start.sim {
        // Their voices cost nothing and need no network, whatever the agents speak with.
        Some(Arc::new(SimNetwork::start(SimConfig::loopback(Arc::new(Embedded))).await?))
    } else {
        None
    };
    app.calls().set_routing(Routing {
        sim: sim.as_ref().map(|sim| phone::routes(sim, engine.sip_addr())),
        trunks: start.trunks.clone(),
    });
    if let Some(sim) = &sim {
        app.calls().set_sim_network(Arc::clone(sim));
    }
    tracing::info!(
        stt = speech.recognizer.name(),
        tts = speech.synthesizer.name(),
        llm = brains.hosted_kind(),
        "speech and model"
    );

    let stop = CancellationToken::new();
    let serving = stop.clone();
    let draining = app.draining().clone();
    let api = app.clone();
    let audit = app.audit().clone();
    let tasks = vec![
        tokio::spawn(Deliverer::new(app.clone()).run(stop.clone())),
        tokio::spawn(store_health::run(app.clone(), stop.clone())),
        tokio::spawn(calls::lost::keep(app.clone(), stop.clone())),
        tokio::spawn(spool::replay::run(app.clone(), stop.clone())),
        tokio::spawn(messaging::inbound::run(app.clone(), stop.clone())),
        // These take on work that another process, or the next start, can do as well.
        tokio::spawn(messaging::queue::run(app.clone(), draining.clone())),
        tokio::spawn(expire::run(app.clone(), draining.clone())),
        tokio::spawn(forget::run(app.clone(), draining.clone())),
        tokio::spawn(months::run(app.clone(), draining.clone())),
        tokio::spawn(retention::run(app.clone(), draining)),
        tokio::spawn(async move {
            if let Err(error) = crate::serve(listener, api, serving).await {
                tracing::error!(error = %Chain(&error), "the API stopped serving");
            }
        }),
    ];
    Ok(Running {
        app,
        http,
        engine,
        store,
        audit,
        sim,
        lock,
        stop,
        tasks,
        drain: start.drain,
        goodbye: start.goodbye,
        new_api_key,
        password_file,
    })
}

impl Running {
    /// Where the API listens.
    #[must_use]
    pub fn http_addr(&self) -> SocketAddr {
        self.http
    }

    /// Where SIP is listened for.
    #[must_use]
    pub fn sip_addr(&self) -> SocketAddr {
        self.engine.sip_addr()
    }

    /// The API key made at the very first start; to be shown once.
    #[must_use]
    pub fn new_api_key(&self) -> Option<&str> {
        self.new_api_key.as_deref()
    }

    /// Where the handset password is kept, when it is not configured.
    #[must_use]
    pub fn handset_password_file(&self) -> Option<&Path> {
        self.password_file.as_deref()
    }

    /// Calls in progress, by what the API shows.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.app.calls().live.count()
    }

    /// Refuses new calls at once, lets those in progress, requests and
    /// deliveries end, closes the database last.
    ///
    /// The API serves until the last call is over: what is going on can be
    /// watched, and calls be hung up.
    pub async fn stop(self) {
        self.app.draining().cancel();
        self.engine.shutdown(self.drain, self.goodbye.as_deref()).await;
        // The ends of the last calls were committed just now. What does not
        // get through in time goes out after the next start.
        let last = Deliverer::new(self.app.clone());
        match tokio::time::timeout(LAST_DELIVERIES, last.deliver_due()).await {
            Ok(Ok(_)) | Err(_) => {}
            Ok(Err(error)) => tracing::warn!(error = %Chain(&error), "the outbox cannot be read"),
        }
        self.stop.cancel();
        for task in self.tasks {
            let _ended = task.await;
        }
        if let Some(sim) = self.sim {
            sim.shutdown();
        }
        self.audit.settle().await;
        self.store.close().await;
        drop(self.lock);
    }
}

/// How long the first attempts of the last calls' ends may take.
const LAST_DELIVERIES: Duration = Duration::from_secs(10);

/// Where the platform's own texts come from on the simulated network, unless
/// the operator says so: a number nobody is ever sold.
const SIM_SYSTEM_NUMBER: &str = "+15005550199";

/// The settings of the API, completed by what is known only now.
fn settings(start: &Start, blobs: &Blobs, http: SocketAddr) -> Settings {
    let mut settings = start.settings.clone();
    if settings.public_url.is_empty() {
        settings.public_url = format!("http://{http}");
    }
    let sip = &start.engine.endpoint;
    settings.sip = sip.advertised.unwrap_or(sip.listen);
    if settings.sip.port() == 0 {
        settings.sip.set_port(sip.listen.port());
    }
    settings.blobs = blobs.directory().to_path_buf();
    if start.sim && settings.messages.system_number.is_none() {
        settings.messages.system_number = SIM_SYSTEM_NUMBER.parse().ok();
    }
    if settings.recordings.is_some() {
        settings.recordings = Some(blobs.directory().to_path_buf());
    }
    settings
}

/// Where numbers come from.
fn carrier(start: &Start, sim: Option<&SimCarrier>) -> Arc<dyn Carrier> {
    match sim {
        Some(sim) => Arc::new(sim.clone()),
        None => Arc::new(OwnNumbers::new(start.own_numbers.clone())),
    }
}

/// Speech as a conversation takes it. Without Silero the energy of the sound
/// decides: worse in noise, but a call goes on.
fn conversing(speech: &Speech) -> conversation::Speech {
    let make = Arc::clone(&speech.vad);
    conversation::Speech {
        recognizer: Arc::clone(&speech.recognizer),
        synthesizer: Arc::clone(&speech.synthesizer),
        vad: Arc::new(move || {
            make().unwrap_or_else(|error| {
                tracing::error!(error = %Chain(&error), "voice activity falls back to energy");
                Box::new(EnergyVad::new()) as Box<dyn Vad>
            })
        }),
    }
}

/// Makes sure of a first account and a key; the key, when it was made just now.
async fn bootstrap(store: &Store, configured: Option<&str>) -> Result<Option<String>, StoreError> {
    let (secret, policy) = match configured {
        Some(text) => (ApiKeySecret::from_text(text), KeyPolicy::Configured),
        None => (ApiKeySecret::generate(), KeyPolicy::IfNone),
    };
    let now = Timestamp::now();
    let account = Account {
        id: AccountId::new(now, rand::random()),
        parent_id: None,
        name: "Main".to_owned(),
        created_at: now,
    };
    let key = ApiKey {
        id: ApiKeyId::new(now, rand::random()),
        account_id: account.id.clone(),
        name: "bootstrap".to_owned(),
        hash: secret.hash(),
        last4: secret.last4(),
        created_at: now,
        revoked_at: None,
        last_used_at: None,
    };
    let done = store.ensure_bootstrap(account, key, policy).await?;
    Ok((done.key_created && configured.is_none()).then(|| secret.reveal().to_owned()))
}

/// The spool, with what an earlier process left in it.
async fn open_spool(start: &Start) -> Result<Spool, StartError> {
    let (path, max) = (start.data_dir.clone(), start.spool_max_bytes);
    let opened = tokio::task::spawn_blocking(move || Spool::open(&path, max)).await;
    let opened = opened.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    opened.map_err(|source| StartError::Spool { path: start.data_dir.clone(), source })
}

/// The configured password, or one that is made once and kept in a file.
fn handset_password(start: &Start) -> Result<(String, Option<PathBuf>), StartError> {
    if let Some(password) = &start.handset_password {
        return Ok((password.clone(), None));
    }
    let path = start.data_dir.join("handset-password");
    match secret::kept(&path) {
        Ok(password) => Ok((password, start.sim.then_some(path))),
        Err(source) => Err(StartError::Secret { path, source }),
    }
}

/// Wall time in whole milliseconds, as the database keeps it: what a client is
/// told first is what it reads later.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// The process's metrics; installed once, whoever asks first.
fn metrics() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| match PrometheusBuilder::new().install_recorder() {
            Ok(handle) => Some(handle),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "metrics are off");
                None
            }
        })
        .clone()
}

/// The database and its first account, for the command line.
async fn open(store_url: &str) -> Result<(Store, AccountId), StoreError> {
    let store = Store::connect(store_url, StoreOptions::default()).await?;
    let now = Timestamp::now();
    let account = Account {
        id: AccountId::new(now, rand::random()),
        parent_id: None,
        name: "Main".to_owned(),
        created_at: now,
    };
    let id = store.ensure_first_account(account).await?;
    Ok((store, id))
}
