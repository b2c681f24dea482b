//! The server under test and everybody around it.

use std::{
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use offhook_testkit::{
    agent::UserAgent,
    doubles::{
        chat::{ChatDouble, ChatReply, ChatScript},
        speech::SpeechDouble,
        transcription::TranscriptionDouble,
    },
    judge::likeness::Phrasebook,
    signal::tone_speech,
};
use serde_json::{Value, json};

use crate::{
    death::{Death, Plan},
    load::{self, Clients, QUESTION},
    outside::{Callee, Sink},
    server::{Db, KEY, Server},
};

/// What the account has to spend.
pub const CREDIT: &str = "1000000.00";

pub struct World {
    pub db: Db,
    pub server: Server,
    pub sink: Sink,
    pub callee: Callee,
    pub clients: Arc<Clients>,
    pub deaths: Vec<Death>,
    /// From each start to the ready line.
    pub starts: Vec<Duration>,
    _chat: ChatDouble,
    _ears: TranscriptionDouble,
    _voice: SpeechDouble,
}

impl World {
    pub async fn start(db: Db) -> Self {
        let (sink, callee) = (Sink::start().await, Callee::start().await);
        let script = ChatScript::default().otherwise(ChatReply::say("We are open from nine to five."));
        let chat = ChatDouble::start(script).await.unwrap();
        let mut book = Phrasebook::default();
        book.add(QUESTION, &tone_speech(QUESTION), 16_000);
        let ears = TranscriptionDouble::start(book).await.unwrap();
        let voice = SpeechDouble::start().await.unwrap();
        let settings = [
            ("LLM__BASE_URL", chat.base_url()),
            ("LLM__BALANCED", "double".to_owned()),
            ("STT__PROVIDER", "openai".to_owned()),
            ("STT__BASE_URL", ears.base_url()),
            ("TTS__PROVIDER", "openai".to_owned()),
            ("TTS__BASE_URL", voice.base_url()),
            ("SIM__ENABLED", "on".to_owned()),
            ("BILLING__ENABLED", "true".to_owned()),
            ("WEBHOOKS__RETRY_DELAYS", "1s,1s,2s,2s,2s".to_owned()),
        ];
        let trunk = format!("[[trunks]]\nname = \"outside\"\nuri = \"sip:127.0.0.1:{}\"\n", callee.port);
        let server = tokio::task::spawn_blocking(move || {
            let config = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
            std::fs::write(config.path(), trunk).unwrap();
            let path = config.into_temp_path().keep().unwrap();
            let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
            Server::start_with_file(db, &settings, &path)
        });
        let server = server.await.unwrap();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        let phone = UserAgent::start().await.unwrap();
        let setup = tokio::task::block_in_place(|| {
            let output = offhook(&server, &["billing", "credit", "--amount", CREDIT, "--note", "chaos"]);
            assert!(output.0, "{}", output.1);
            let agent = server.post(
                "/v1/agents",
                &json!({"name": "The bakery", "voiceMode": "hosted", "systemPrompt": "Answer briefly.",
                    "beginMessage": "Hello."}),
            );
            let line = server.post("/v1/numbers", &json!({"areaCode": "415", "agentId": agent["id"]}));
            server.post("/v1/webhooks", &json!({"url": sink.url(), "timeout": 5}));
            (agent, line)
        });
        let clients = Arc::new(Clients::new(http, phone, &setup.0, &setup.1));
        Self {
            db,
            server,
            sink,
            callee,
            clients,
            deaths: Vec::new(),
            starts: Vec::new(),
            _chat: chat,
            _ears: ears,
            _voice: voice,
        }
    }

    /// One life: started on the data of the one before, loaded, dead.
    pub async fn round(&mut self, plan: Plan) -> Death {
        tokio::task::block_in_place(|| self.server.kill());
        let mut early = None;
        if !self.begin(plan.failpoint.as_deref()) {
            early = Some(self.last_failpoint());
            assert!(self.begin(None), "it does not start: {}", self.server.log());
        }
        let kill_after = if early.is_some() { Duration::from_secs(1) } else { plan.kill_after };
        let mut load = load::start(&self.clients, self.server.http, self.server.sip, plan.seed);
        let started = Instant::now();
        while !self.server.is_dead() && started.elapsed() < kill_after {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let death = match early {
            _ if self.server.is_dead() => Death::Failpoint(self.last_failpoint()),
            Some(place) => Death::Starting(place),
            None => Death::Killed,
        };
        tokio::task::block_in_place(|| self.server.kill());
        self.clients.ledger.lock().unwrap().deaths.push(Instant::now());
        // Who was cut off has its error by now or gets it at once.
        tokio::time::sleep(Duration::from_millis(100)).await;
        load.shutdown().await;
        self.deaths.push(death.clone());
        death
    }

    /// Starts it; false when it died before it was ready.
    pub fn begin(&mut self, failpoint: Option<&str>) -> bool {
        let begun = Instant::now();
        let started = tokio::task::block_in_place(|| self.server.start_armed(failpoint));
        match started {
            Ok(()) => {
                self.starts.push(begun.elapsed());
                true
            }
            Err(error) => {
                assert!(failpoint.is_some(), "{error}");
                false
            }
        }
    }

    fn last_failpoint(&self) -> String {
        let log = self.server.log();
        let place = log.rsplit_once("failpoint: dying at ").map(|(_, rest)| rest.lines().next());
        place.flatten().unwrap_or_else(|| panic!("it died, but at no failpoint:\n{log}")).to_owned()
    }

    pub async fn get(&self, path: &str) -> Value {
        let url = format!("http://{}{path}", self.server.http);
        let response = self.clients.http.get(url).bearer_auth(KEY).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path} answered {status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// All entries of a list with pages.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let page = self.get(&format!("{path}?limit=100&offset={}", all.len())).await;
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            if page["hasMore"] != true {
                return all;
            }
        }
    }

    /// All messages of the line, newest first.
    pub async fn messages(&self) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let before = all.last().and_then(|last| last["id"].as_str()).map(|id| format!("&before={id}"));
            let path = format!("/v1/numbers/{}/messages?limit=200", self.clients.line_id);
            let page = self.get(&(path + &before.unwrap_or_default())).await;
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            if page["hasMore"] != true {
                return all;
            }
        }
    }
}

/// Runs a command of the binary on the server's data: whether it succeeded,
/// and what it said.
pub fn offhook(server: &Server, args: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(args)
        .env("OFFHOOK__DATA_DIR", server.dir.path())
        .env("OFFHOOK__STORE__URL", server.store_url())
        .env("OFFHOOK__BILLING__ENABLED", "true")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}
