//! The simulated network: one SIP endpoint behind which the test numbers live.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use offhook_engine::{
    endpoint::{Endpoint, EndpointConfig, IncomingCall, StartError},
    host::DialTarget,
    leg::{Leg, LegEvent},
    media::{MediaConfig, MediaError, MediaPool},
};
use offhook_model::e164::E164;
use offhook_voice::speech::Synthesizer;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    caller::{CallError, ScriptedCaller},
    perform::perform,
    record::CallRecord,
    script::Script,
    speech::SpeechCache,
    test_numbers::{Behaviour, TestNumber},
};

/// Audio kept of each call to a test number.
const KEEP: Duration = Duration::from_secs(60);
/// Calls to test numbers remembered: 15 MB of audio at most.
const REMEMBERED: usize = 8;
/// Calls at once, both ways.
const MAX_CALLS: usize = 200;

/// How the network is built.
#[derive(Clone)]
pub struct SimConfig {
    /// Address of the endpoint and its media: loopback, unless handsets of
    /// other machines shall reach the test numbers.
    pub bind: IpAddr,
    /// SIP port; 0 lets the system choose.
    pub port: u16,
    /// Who speaks for the simulated people.
    pub synthesizer: Arc<dyn Synthesizer>,
}

impl SimConfig {
    /// On 127.0.0.1, on a port of the system's choice.
    #[must_use]
    pub fn loopback(synthesizer: Arc<dyn Synthesizer>) -> Self {
        Self { bind: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 0, synthesizer }
    }
}

/// The network could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// No SIP socket.
    #[error("the simulated network cannot listen")]
    Sip(#[from] StartError),
    /// No media threads.
    #[error("the simulated network has no media")]
    Media(#[from] MediaError),
}

/// A finished call to a test number.
#[derive(Debug, Clone, PartialEq)]
pub struct TestCall {
    /// Who was called.
    pub callee: &'static TestNumber,
    /// User part of the caller's From.
    pub caller: String,
    /// What the callee remembers.
    pub record: CallRecord,
}

/// The running network. Dropping it ends its calls.
pub struct SimNetwork {
    endpoint: Endpoint,
    people: People,
    serving: JoinHandle<()>,
}

/// What all simulated people share.
#[derive(Clone)]
struct People {
    speech: SpeechCache,
    calls: Arc<Mutex<VecDeque<TestCall>>>,
}

impl SimNetwork {
    /// Starts the endpoint. Nothing is synthesised before the first call.
    ///
    /// # Errors
    /// [`SimError`] when the address cannot be had.
    pub async fn start(config: SimConfig) -> Result<Self, SimError> {
        let media = MediaPool::start(MediaConfig {
            bind: config.bind,
            advertised: config.bind,
            ports: 0..=0,
            threads: 1,
            realtime: false,
            ..MediaConfig::default()
        })?;
        let mut settings = EndpointConfig::new(SocketAddr::new(config.bind, config.port));
        settings.user_agent = concat!("Offhook-Sim/", env!("CARGO_PKG_VERSION")).to_owned();
        settings.max_calls = MAX_CALLS;
        let (endpoint, incoming) = Endpoint::start(settings, Arc::new(media)).await?;
        let people = People { speech: SpeechCache::new(config.synthesizer), calls: Arc::default() };
        let serving = tokio::spawn(serve(incoming, people.clone()));
        Ok(Self { endpoint, people, serving })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.endpoint.local_addr()
    }

    /// How to reach a test number; none for any other number. `caller_id` is
    /// the user part of From.
    #[must_use]
    pub fn targets_for(&self, to: &E164, caller_id: &str) -> Option<Vec<DialTarget>> {
        let entry = TestNumber::find(to)?;
        let uri = format!("sip:{}@{}", entry.number, self.address());
        Some(vec![DialTarget { uri, caller_id: caller_id.to_owned(), ..target() }])
    }

    /// Somebody with number `from` calls `uri` and plays a script; returns when
    /// the call is over.
    ///
    /// # Errors
    /// [`CallError`] when nothing could be sent; a refused call is a record.
    pub async fn call(&self, from: &E164, uri: &str, script: &Script) -> Result<CallRecord, CallError> {
        let target = DialTarget { uri: uri.to_owned(), caller_id: from.as_str().to_owned(), ..target() };
        self.caller().call(&target, script).await
    }

    /// A scripted caller at this network's endpoint.
    #[must_use]
    pub fn caller(&self) -> ScriptedCaller {
        ScriptedCaller::new(self.endpoint.clone(), self.people.speech.clone())
    }

    /// The speech of the simulated people.
    #[must_use]
    pub fn speech(&self) -> &SpeechCache {
        &self.people.speech
    }

    /// The last finished calls to test numbers, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<TestCall> {
        self.people.calls.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Refuses new calls and closes the sockets.
    pub fn shutdown(&self) {
        self.endpoint.close();
        self.serving.abort();
    }
}

impl Drop for SimNetwork {
    fn drop(&mut self) {
        self.shutdown();
    }
}

fn target() -> DialTarget {
    DialTarget {
        uri: String::new(),
        proxy: None,
        transport: None,
        credentials: None,
        caller_id: String::new(),
    }
}

async fn serve(mut incoming: mpsc::Receiver<IncomingCall>, people: People) {
    let mut calls = tokio::task::JoinSet::new();
    while let Some(call) = incoming.recv().await {
        while calls.try_join_next().is_some() {}
        let number = E164::from_dialled(&call.arrival.dialled).ok();
        match number.as_ref().and_then(TestNumber::find) {
            Some(callee) => {
                calls.spawn(people.clone().take(call, callee));
            }
            None => call.reject(404),
        }
    }
}

impl People {
    async fn take(self, call: IncomingCall, callee: &'static TestNumber) {
        let caller = call.arrival.caller.clone();
        if callee.behaviour == Behaviour::Busy {
            call.reject(486);
            return;
        }
        let leg = match call.accept() {
            Ok(leg) => leg,
            Err(error) => return tracing::warn!(%error, "a test number could not take its call"),
        };
        leg.ring();
        let Some(script) = callee.behaviour.script() else {
            return decline(leg, callee.behaviour).await;
        };
        let (lines, leg) = tokio::join!(self.speech.lines(&script), ring(leg, callee.behaviour.rings_for()));
        let Some(leg) = leg else { return };
        match lines {
            Ok(lines) => {
                leg.answer();
                let record = perform(leg, &script, lines, KEEP).await;
                let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
                calls.push_back(TestCall { callee, caller, record });
                if calls.len() > REMEMBERED {
                    calls.pop_front();
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a test number has no voice");
                leg.reject(503);
            }
        }
    }
}

/// Never answers: rings until the caller gives up, or refuses after a while.
async fn decline(leg: Leg, behaviour: Behaviour) {
    if behaviour == Behaviour::Rejects {
        if let Some(mut leg) = ring(leg, behaviour.rings_for()).await {
            leg.reject(603);
            while !matches!(leg.next().await, LegEvent::Ended(_)) {}
        }
        return;
    }
    let mut leg = leg;
    while !matches!(leg.next().await, LegEvent::Ended(_)) {}
}

/// Lets it ring; none when the caller gave up meanwhile.
async fn ring(mut leg: Leg, time: Duration) -> Option<Leg> {
    let answer_at = tokio::time::Instant::now() + time;
    loop {
        match tokio::time::timeout_at(answer_at, leg.next()).await {
            Ok(LegEvent::Ended(_)) => return None,
            Ok(_) => {}
            Err(_) => return Some(leg),
        }
    }
}
