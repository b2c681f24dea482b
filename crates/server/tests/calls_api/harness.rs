//! A server on a database of its own, a recorder in the engine's place, and a
//! webhook that answers as told.

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    path::PathBuf,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::State};
use futures::FutureExt as _;
use http::{HeaderMap, Request, StatusCode, header};
use offhook_engine::endpoint::Handset;
use offhook_engine::host::{Arrival, CallHost as _, DialTarget};
use offhook_model::{
    Timestamp,
    agent::{Agent, AgentSettings, VoiceMode},
    call::EndReason,
    id::{AccountId, AgentId, ApiKeyId, CallId, NumberId, WebhookId},
    number::{Number, NumberStatus, NumberType},
    plan::CallPlan,
    report::{CallReport, Ended, Role, Turn},
    webhook::Webhook,
};
use offhook_server::{
    App, Parts, Settings,
    app::Components,
    calls::{
        host::Host,
        routing::{Routing, SimRoutes, TestNumber, Trunk},
    },
    deliver::Deliverer,
    router,
    spool::Spool,
    telephony::{BoxFuture, DialError, Telephony},
};
use offhook_sim::SimCarrier;
use offhook_store::{Account, ApiKey, ApiKeySecret, Keys, MasterKey, Store, StoreOptions};
use offhook_voice::providers::fetch::{FetchClient, FetchPolicy};
use serde_json::Value;
use tower::ServiceExt as _;

/// The moment every test begins at.
pub const START: i64 = 1_700_000_000;

/// Runs every named test on each database, in a world of its own.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { crate::harness::with_sqlite(super::$name).await; })*
        }
        mod postgres {
            $(#[tokio::test] async fn $name() { crate::harness::with_postgres(super::$name).await; })*
        }
    };
}
pub(crate) use on_both;

/// Everything one test has.
pub struct World {
    pub app: App,
    pub router: Router,
    pub account: AccountId,
    pub key: String,
    pub phone: Arc<Recorder>,
    pub host: Host,
    pub recordings: PathBuf,
    clock: Arc<AtomicI64>,
    numbers: AtomicU32,
    url: String,
    directory: tempfile::TempDir,
}

/// Stands for the engine: writes down what it is asked.
#[derive(Default)]
pub struct Recorder {
    pub dialled: Mutex<Vec<(CallPlan, Vec<DialTarget>)>>,
    pub hung_up: Mutex<Vec<(CallId, EndReason)>>,
    pub answered: Mutex<Vec<CallId>>,
    pub refuses: Mutex<bool>,
    pub handsets: Mutex<Vec<(String, DialTarget)>>,
    pub registered: Mutex<Vec<Handset>>,
}

impl Telephony for Recorder {
    fn dial(&self, plan: CallPlan, targets: Vec<DialTarget>) -> BoxFuture<'_, Result<(), DialError>> {
        Box::pin(async move {
            if *self.refuses.lock().unwrap() {
                return Err(DialError::Refused("draining".to_owned()));
            }
            self.dialled.lock().unwrap().push((plan, targets));
            Ok(())
        })
    }

    fn hang_up<'a>(&'a self, call: &'a CallId, reason: EndReason) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let dialled = self.dialled.lock().unwrap().iter().any(|(plan, _)| plan.call_id == *call);
            if !dialled && !self.answered.lock().unwrap().contains(call) {
                return false;
            }
            self.hung_up.lock().unwrap().push((call.clone(), reason));
            true
        })
    }

    fn handset_contacts(&self, number: &str) -> Vec<DialTarget> {
        let handsets = self.handsets.lock().unwrap();
        handsets.iter().filter(|(user, _)| user == number).map(|(_, target)| target.clone()).collect()
    }

    fn handsets(&self) -> Vec<Handset> {
        self.registered.lock().unwrap().clone()
    }
}

pub async fn with_sqlite<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/offhook.db", directory.path().display());
    test(World::open(url, directory).await).await;
}

pub async fn with_postgres<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    on_postgres(async |url, directory| test(World::open(url, directory).await).await).await;
}

/// As [`with_postgres`], by a way that can be cut.
pub async fn with_relayed_postgres<F: Future<Output = ()>>(test: impl FnOnce(World, Relay) -> F) {
    on_postgres(async |url, directory| {
        let (relay, url) = Relay::before(&url).await;
        test(World::open(url, directory).await, relay).await;
    })
    .await;
}

async fn on_postgres(test: impl AsyncFnOnce(String, tempfile::TempDir)) {
    let server = std::env::var("OFFHOOK_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432".to_owned());
    let name = format!("offhook_calls_{:032x}", rand::random::<u128>());
    let run = |program: &str, more: &[&str]| {
        let maintenance = format!("--maintenance-db={server}/postgres");
        let status = Command::new(program).arg(maintenance).args(more).arg(&name).status().unwrap();
        assert!(
            status.success(),
            "these tests need PostgreSQL at {server}: start it or set OFFHOOK_TEST_POSTGRES"
        );
    };
    run("createdb", &[]);
    let directory = tempfile::tempdir().unwrap();
    let outcome = AssertUnwindSafe(test(format!("{server}/{name}"), directory)).catch_unwind().await;
    run("dropdb", &["--force"]);
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

impl World {
    async fn open(url: String, directory: tempfile::TempDir) -> Self {
        let recordings = directory.path().join("recordings");
        let clock = Arc::new(AtomicI64::new(START * 1000));
        let app = app(&url, &clock, recordings.clone()).await;
        let account = AccountId::new(app.now(), rand::random());
        let row = Account { id: account.clone(), parent_id: None, name: "a".into(), created_at: app.now() };
        app.store().create_account(&row).await.unwrap();
        let key = add_key(&app, &account).await;
        let phone = Arc::new(Recorder::default());
        assert!(app.connect(Arc::clone(&phone) as Arc<dyn Telephony>));
        assert!(app.calls().set_routing(routing()));
        assert!(app.calls().set_spool(Spool::open(directory.path(), 1024 * 1024).unwrap()));
        Self {
            router: router(app.clone()),
            host: Host::new(app.clone()),
            app,
            account,
            key,
            phone,
            recordings,
            clock,
            numbers: AtomicU32::new(0),
            url,
            directory,
        }
    }

    /// Where recordings and the spool are.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// The same database, opened by another start of the process.
    pub async fn restarted(&self) -> App {
        app(&self.url, &self.clock, self.recordings.clone()).await
    }

    pub fn advance(&self, by: Duration) {
        self.clock.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub fn store(&self) -> &Store {
        self.app.store()
    }

    pub fn deliverer(&self) -> Deliverer {
        Deliverer::new(self.app.clone())
    }

    /// An agent with a number.
    pub async fn agent(&self, change: impl FnOnce(&mut AgentSettings)) -> (Agent, Number) {
        let agent = self.bare_agent(change).await;
        let number = self.number(Some(&agent.id)).await;
        (agent, number)
    }

    pub async fn hosted(&self) -> (Agent, Number) {
        self.agent(|settings| {
            settings.voice_mode = VoiceMode::Hosted;
            settings.system_prompt = Some("Be brief.".to_owned());
        })
        .await
    }

    pub async fn bare_agent(&self, change: impl FnOnce(&mut AgentSettings)) -> Agent {
        let mut settings = AgentSettings::named("Ada");
        change(&mut settings);
        let agent = Agent {
            id: AgentId::new(self.app.now(), rand::random()),
            account_id: self.account.clone(),
            settings,
            created_at: self.app.now(),
        };
        self.store().create_agent(&agent).await.unwrap();
        agent
    }

    pub async fn number(&self, agent: Option<&AgentId>) -> Number {
        let next = self.numbers.fetch_add(1, Ordering::SeqCst);
        let at = Timestamp::from_second(START + i64::from(next)).unwrap();
        let number = Number {
            id: NumberId::new(at, rand::random()),
            account_id: self.account.clone(),
            phone_number: format!("+1415555{:04}", 100 + next).parse().unwrap(),
            country: "US".into(),
            status: NumberStatus::Active,
            kind: NumberType::Sms,
            imessage_type: None,
            agent_id: agent.cloned(),
            attached_at: agent.map(|_| at),
            external_id: None,
            expires_at: None,
            whatsapp: None,
            created_at: at,
        };
        self.store().insert_number(&number, None).await.unwrap();
        number
    }

    pub async fn webhook(&self, agent: Option<&AgentId>, url: &str) -> Webhook {
        let webhook = Webhook {
            id: WebhookId::new(self.app.now(), rand::random()),
            account_id: self.account.clone(),
            agent_id: agent.cloned(),
            url: url.to_owned(),
            secret: format!("whsec_{:016x}", rand::random::<u64>()),
            context_limit: 10,
            timeout_s: 5,
            created_at: self.app.now(),
        };
        self.store().put_webhook(&webhook).await.unwrap();
        webhook
    }

    /// Another account's key on the same server.
    pub async fn stranger(&self) -> String {
        let id = AccountId::new(self.app.now(), rand::random());
        let row = Account { id: id.clone(), parent_id: None, name: "b".into(), created_at: self.app.now() };
        self.store().create_account(&row).await.unwrap();
        add_key(&self.app, &id).await
    }

    pub async fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, HeaderMap, Value) {
        self.request_as(&self.key, method, path, body).await
    }

    pub async fn request_as(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, HeaderMap, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
        self.send(request).await
    }

    /// A POST with an `Idempotency-Key`.
    pub async fn post_once(&self, path: &str, idempotency_key: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header("idempotency-key", idempotency_key)
            .body(Body::from(body.to_string()))
            .unwrap();
        let (status, _, body) = self.send(request).await;
        (status, body)
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let (status, _, body) = self.request("GET", path, None).await;
        (status, body)
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let (status, _, body) = self.request("POST", path, Some(body)).await;
        (status, body)
    }

    /// Places a call and waits until the engine has it.
    pub async fn dial(&self, agent: &Agent) -> CallId {
        let body = serde_json::json!({"agentId": agent.id, "toNumber": "+14155559999"});
        let (status, call) = self.post("/v1/calls", body).await;
        assert_eq!(status, 200, "{call}");
        let id = CallId::from(call["id"].as_str().unwrap());
        self.until(|| self.phone.dialled.lock().unwrap().iter().any(|(plan, _)| plan.call_id == id)).await;
        id
    }

    /// Lets an INVITE arrive from a program on this machine.
    pub async fn arrive(&self, dialled: &str) -> offhook_engine::host::Admission {
        self.host.admit(arrival(dialled)).await
    }

    /// An inbound call, admitted.
    pub async fn inbound(&self, number: &Number) -> CallId {
        match self.arrive(number.phone_number.as_str()).await {
            offhook_engine::host::Admission::Answer(plan) => {
                self.phone.answered.lock().unwrap().push(plan.call_id.clone());
                plan.call_id
            }
            other => panic!("not answered: {other:?}"),
        }
    }

    pub async fn report(&self, call: &CallId, report: CallReport) {
        self.host.report(call.clone(), report).await;
    }

    pub async fn answer(&self, call: &CallId) {
        self.report(call, CallReport::Answered { at: self.app.now() }).await;
    }

    pub async fn say(&self, call: &CallId, index: u32, role: Role, text: &str) {
        self.report(call, CallReport::Turn(turn(index, role, text))).await;
    }

    pub async fn end(&self, call: &CallId, reason: EndReason) {
        let ended =
            Ended { reason, at: self.app.now(), talk_time: Duration::from_millis(2900), recording: None };
        self.report(call, CallReport::Ended(ended)).await;
    }

    /// Every event of the account, newest first.
    pub async fn deliveries(&self) -> Vec<offhook_store::Delivery> {
        let page = offhook_store::Page { limit: 100, offset: 0 };
        self.store().deliveries(&self.account, None, None, page).await.unwrap().data
    }

    /// Waits for background work; fails after five seconds.
    pub async fn until(&self, holds: impl Fn() -> bool) {
        for _ in 0..500 {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it did not come about");
    }

    pub async fn until_status(&self, call: &CallId, status: &str) -> Value {
        for _ in 0..500 {
            let (_, body) = self.get(&format!("/v1/calls/{call}")).await;
            if body["status"] == status {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the call never was {status}");
    }
}

async fn app(url: &str, clock: &Arc<AtomicI64>, recordings: PathBuf) -> App {
    let clock = Arc::clone(clock);
    let keys = Some(Keys::Given(vec![MasterKey::from_bytes([7; 32])]));
    let options = StoreOptions { keys, ..StoreOptions::default() };
    App::new(Parts {
        store: Store::connect(url, options).await.unwrap(),
        settings: Settings {
            public_url: "https://phone.example".to_owned(),
            allow_private: true,
            recordings: Some(recordings),
            drain: Duration::from_secs(1),
            ..Settings::default()
        },
        carrier: Arc::new(SimCarrier::default()),
        fetch: FetchClient::new(FetchPolicy { allow_private: true, ..FetchPolicy::default() }).unwrap(),
        clock: Arc::new(move || Timestamp::from_millisecond(clock.load(Ordering::SeqCst)).unwrap()),
        components: Components { stt: "none".into(), tts: "none".into(), llm: "extractive".into() },
        metrics: None,
    })
}

async fn add_key(app: &App, account: &AccountId) -> String {
    let secret = ApiKeySecret::generate();
    let key = ApiKey {
        id: ApiKeyId::new(app.now(), rand::random()),
        account_id: account.clone(),
        name: "test".into(),
        hash: secret.hash(),
        last4: secret.last4(),
        created_at: app.now(),
        revoked_at: None,
        last_used_at: None,
    };
    app.store().create_api_key(&key).await.unwrap();
    secret.reveal().to_owned()
}

fn routing() -> Routing {
    let busy = TestNumber { uri: "sip:busy@127.0.0.1:9".to_owned(), outcome: "busy".to_owned() };
    Routing {
        sim: Some(SimRoutes {
            sip: "127.0.0.1:5060".parse().unwrap(),
            test_numbers: [("+15005550001".parse().unwrap(), busy)].into(),
        }),
        trunks: vec![Trunk {
            uri: "sip:trunk.example".to_owned(),
            proxy: None,
            transport: None,
            credentials: None,
            caller_id: None,
        }],
    }
}

pub fn arrival(dialled: &str) -> Arrival {
    Arrival {
        dialled: dialled.to_owned(),
        caller: "+14155550777".to_owned(),
        source: "127.0.0.1:5099".parse().unwrap(),
        handset: None,
        sip_call_id: "x@y".to_owned(),
    }
}

pub fn turn(index: u32, role: Role, text: &str) -> Turn {
    Turn {
        index,
        role,
        text: text.to_owned(),
        confidence: (role == Role::User).then_some(0.75),
        at: Timestamp::from_second(START + i64::from(index)).unwrap(),
        interrupted: false,
        latency: None,
    }
}

/// A request: its headers and its exact body.
type Taken = (HeaderMap, Vec<u8>);

/// A webhook: writes down requests, answers with the statuses it was given,
/// then 200.
#[derive(Clone, Default)]
pub struct Receiver {
    pub requests: Arc<Mutex<Vec<Taken>>>,
    pub statuses: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    pub async fn start() -> (Self, String) {
        let receiver = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let routes = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (receiver, url)
    }

    pub fn answers(&self, statuses: &[u16]) {
        self.statuses.lock().unwrap().extend(statuses);
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub fn request(&self, index: usize) -> Taken {
        self.requests.lock().unwrap()[index].clone()
    }
}

async fn take(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> (StatusCode, String) {
    receiver.requests.lock().unwrap().push((headers, body.to_vec()));
    let status = receiver.statuses.lock().unwrap().pop_front().unwrap_or(200);
    (StatusCode::from_u16(status).unwrap(), "x".repeat(12_000))
}

/// A way to a server over TCP that can be cut and mended.
pub struct Relay {
    is_cut: tokio::sync::watch::Sender<bool>,
}

impl Relay {
    /// Stands before the server of `url`; the url that leads through it.
    async fn before(url: &str) -> (Self, String) {
        let mut through = url::Url::parse(url).unwrap();
        let server = format!("{}:{}", through.host_str().unwrap(), through.port().unwrap_or(5432));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        through.set_host(Some("127.0.0.1")).unwrap();
        through.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (is_cut, cut) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (server, mut cut) = (server.clone(), cut.clone());
                tokio::spawn(async move {
                    let pipe = async {
                        let mut far = tokio::net::TcpStream::connect(server).await.unwrap();
                        drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
                    };
                    tokio::select! {
                        () = pipe => {}
                        _ = cut.wait_for(|cut| *cut) => {}
                    }
                });
            }
        });
        (Self { is_cut }, through.to_string())
    }

    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    pub fn mend(&self) {
        self.is_cut.send_replace(false);
    }
}
