//! Endpoints, a host and a talker for the tests.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use offhook_engine::{
    Engine, EngineConfig,
    endpoint::{Endpoint, EndpointConfig, IncomingCall},
    host::{Admission, Arrival, BoxFuture, CallHost, Credentials, DialTarget},
    leg::{Leg, LegEnd, LegEvent},
    media::{MediaConfig, MediaPool},
    talk::{Line, Talker},
};
use offhook_model::{
    Timestamp,
    call::{Direction, EndReason},
    e164::E164,
    id::{AccountId, AgentId, CallId},
    plan::{BrainPlan, CallPlan, Greeting, VoicePlan},
    report::{CallReport, Ended},
};
use tokio::sync::mpsc;

/// No test waits longer for anything.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub fn media_config() -> MediaConfig {
    MediaConfig {
        bind: IpAddr::from([127, 0, 0, 1]),
        advertised: IpAddr::from([127, 0, 0, 1]),
        ports: 0..=0,
        threads: 1,
        rtp_timeout: Duration::from_secs(20),
        realtime: false,
    }
}

pub fn config() -> EndpointConfig {
    EndpointConfig { t1: Duration::from_millis(100), ..EndpointConfig::loopback() }
}

pub async fn endpoint_with(config: EndpointConfig) -> (Endpoint, mpsc::Receiver<IncomingCall>) {
    let media = Arc::new(MediaPool::start(media_config()).unwrap());
    Endpoint::start(config, media).await.unwrap()
}

pub async fn endpoint() -> (Endpoint, mpsc::Receiver<IncomingCall>) {
    endpoint_with(config()).await
}

pub fn target(uri: String) -> DialTarget {
    DialTarget { uri, proxy: None, transport: None, credentials: None, caller_id: "+14155550100".into() }
}

pub fn credentials(password: &str) -> Option<Credentials> {
    Some(Credentials { username: "1000".into(), password: password.into() })
}

pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

/// The next event that is neither audio nor a report of playing.
pub async fn event(leg: &mut Leg) -> LegEvent {
    soon("an event", async {
        loop {
            match leg.next().await {
                LegEvent::Audio(_) | LegEvent::Played { .. } | LegEvent::Ringing => {}
                event => return event,
            }
        }
    })
    .await
}

pub async fn end(leg: &mut Leg) -> LegEnd {
    soon("the end", async {
        loop {
            if let LegEvent::Ended(end) = leg.next().await {
                return end;
            }
        }
    })
    .await
}

pub async fn answered(leg: &mut Leg) {
    let event = event(leg).await;
    assert!(matches!(event, LegEvent::Answered), "{event:?}");
}

/// A call between two endpoints, both legs up.
pub async fn connected(
    a: &Endpoint,
    b: &Endpoint,
    calls: &mut mpsc::Receiver<IncomingCall>,
    transport: Option<&str>,
) -> (Leg, Leg) {
    let mut target = target(b.uri("+14155550199"));
    target.transport = transport.map(str::to_owned);
    let mut caller = a.dial(&target).unwrap();
    let mut callee = soon("the call", calls.recv()).await.unwrap().accept().unwrap();
    callee.ring();
    callee.answer();
    answered(&mut callee).await;
    answered(&mut caller).await;
    (caller, callee)
}

/// Waits until an endpoint has forgotten every dialog.
pub async fn forgotten(endpoint: &Endpoint) {
    soon("dialogs to be freed", async {
        while endpoint.dialogs() > 0 || endpoint.active_calls() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

pub fn plan() -> CallPlan {
    CallPlan {
        call_id: CallId::new(Timestamp::now(), rand::random()),
        account_id: AccountId::new(Timestamp::now(), rand::random()),
        agent_id: AgentId::new(Timestamp::now(), rand::random()),
        agent_name: "Test".into(),
        number_id: None,
        from: "+14155550100".into(),
        to: "+14155550199".into(),
        direction: Direction::Inbound,
        contact: None,
        brain: BrainPlan::Hosted {
            system_prompt: String::new(),
            tier: offhook_model::agent::ModelTier::Turbo,
            tools: vec![],
            messaging: false,
        },
        greeting: Greeting::Silent,
        voice: VoicePlan { id: "x".into(), language: "en-US".into(), speed: 1.0 },
        stt_mode: offhook_model::agent::SttMode::Fast,
        ambient_sound: offhook_model::agent::AmbientSound::None,
        denoising_mode: offhook_model::agent::DenoisingMode::NoiseCancellation,
        interruption_sensitivity: 0.8,
        enable_backchannel: false,
        max_silence: Duration::from_secs(600),
        max_duration: Duration::from_secs(3600),
        transfer_number: None,
        voicemail_message: None,
        screening: None,
        recording: None,
    }
}

type Admit = Box<dyn Fn(&Arrival) -> Admission + Send + Sync>;

/// A host that decides by a closure and keeps what is reported.
pub struct TestHost {
    pub admit: Admit,
    pub routes: Mutex<Vec<DialTarget>>,
    pub reports: mpsc::UnboundedSender<(CallId, CallReport)>,
}

impl CallHost for TestHost {
    fn admit(&self, arrival: Arrival) -> BoxFuture<'_, Admission> {
        let admission = (self.admit)(&arrival);
        Box::pin(async move { admission })
    }

    fn route<'a>(&'a self, _caller_id: &'a str, _to: &'a E164) -> BoxFuture<'a, Vec<DialTarget>> {
        let routes = self.routes.lock().unwrap().clone();
        Box::pin(async move { routes })
    }

    fn report(&self, call: CallId, report: CallReport) -> BoxFuture<'_, ()> {
        let _test_over = self.reports.send((call, report));
        Box::pin(async {})
    }
}

type Talk = Box<dyn Fn(Line) -> BoxFuture<'static, ()> + Send + Sync>;

pub struct TestTalker(pub Talk);

impl Talker for TestTalker {
    fn talk(&self, line: Line) -> BoxFuture<'static, ()> {
        (self.0)(line)
    }
}

/// A talker that only listens until the call is over.
pub fn listener() -> TestTalker {
    TestTalker(Box::new(|mut line| Box::pin(async move { while line.heard.recv().await.is_some() {} })))
}

/// An engine with what the test looks at.
pub struct Desk {
    pub engine: Engine,
    pub host: Arc<TestHost>,
    pub reports: mpsc::UnboundedReceiver<(CallId, CallReport)>,
}

pub async fn desk_with(
    config: EndpointConfig,
    talker: TestTalker,
    admit: impl Fn(&Arrival) -> Admission + Send + Sync + 'static,
) -> Desk {
    desk_from(config, media_config(), talker, admit).await
}

pub async fn desk_from(
    config: EndpointConfig,
    media: MediaConfig,
    talker: TestTalker,
    admit: impl Fn(&Arrival) -> Admission + Send + Sync + 'static,
) -> Desk {
    let (sender, reports) = mpsc::unbounded_channel();
    let host = Arc::new(TestHost { admit: Box::new(admit), routes: Mutex::default(), reports: sender });
    let mut engine_config = EngineConfig::new(config.listen);
    engine_config.endpoint = config;
    engine_config.media = media;
    engine_config.refer_timeout = Duration::from_secs(2);
    let shared: Arc<dyn CallHost> = Arc::clone(&host) as Arc<dyn CallHost>;
    let engine = Engine::start(engine_config, shared, Arc::new(talker)).await.unwrap();
    Desk { engine, host, reports }
}

/// An engine that answers every call with a default plan.
pub async fn desk(talker: TestTalker) -> Desk {
    desk_with(config(), talker, |_| Admission::Answer(Box::new(plan()))).await
}

impl Desk {
    pub fn number(&self) -> DialTarget {
        target(self.engine.endpoint().uri("+14155550199"))
    }

    pub async fn report(&mut self) -> CallReport {
        soon("a report", self.reports.recv()).await.unwrap().1
    }

    /// Waits for the end, and that nothing follows it.
    pub async fn ended(&mut self) -> Ended {
        let ended = loop {
            if let CallReport::Ended(ended) = self.report().await {
                break ended;
            }
        };
        forgotten(self.engine.endpoint()).await;
        assert!(self.reports.try_recv().is_err(), "a report after the end");
        assert!(self.engine.active_calls().is_empty());
        ended
    }

    pub async fn ends_with(&mut self, reason: EndReason) {
        assert_eq!(self.ended().await.reason, reason);
    }
}
