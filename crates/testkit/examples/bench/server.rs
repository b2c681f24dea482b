//! The real binary on free loopback ports.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// The key it accepts.
pub const KEY: &str = "sk_live_bench_only";

/// A running `offhook serve`; dropped, it is asked to stop.
pub struct Server {
    child: Child,
    pub http: SocketAddr,
    pub sip: SocketAddr,
    /// From the start of the process to its `ready` line.
    pub ready_after: Duration,
    client: reqwest::Client,
}

/// An agent and its number.
pub struct Agent {
    pub id: String,
    pub number: String,
}

impl Server {
    /// Starts it with its data in `dir` and these settings beyond the defaults.
    pub fn start(binary: &Path, dir: &Path, settings: &[(&str, String)]) -> Result<Self> {
        let mut command = Command::new(binary);
        command.arg("serve").env_clear();
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command
            .env("OFFHOOK__DATA_DIR", dir)
            .env("OFFHOOK__HTTP__LISTEN", "127.0.0.1:0")
            .env("OFFHOOK__SIP__LISTEN", "127.0.0.1:0")
            .env("OFFHOOK__AUTH__BOOTSTRAP_KEY", KEY)
            .env("OFFHOOK__WEBHOOKS__ALLOW_PRIVATE", "true")
            .env("OFFHOOK__LIMITS__ENABLED", "false")
            .env("OFFHOOK__LOG__LEVEL", "warn")
            .envs(settings.iter().map(|(key, value)| (format!("OFFHOOK__{key}"), value)));
        let log = std::fs::File::options().create(true).append(true).open(dir.join("server.log"))?;
        let begun = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().context("offhook serve")?;
        let mut lines = BufReader::new(child.stdout.take().context("no stdout")?);
        let mut line = String::new();
        lines.read_line(&mut line)?;
        let ready_after = begun.elapsed();
        // Keep the pipe drained, so that the server never blocks on it.
        std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        let Some((http, sip)) = ready(&line) else {
            let _gone = child.kill();
            let log = std::fs::read_to_string(dir.join("server.log")).unwrap_or_default();
            bail!("no ready line but {line:?}; its log:\n{log}");
        };
        Ok(Self { child, http, sip, ready_after, client: reqwest::Client::new() })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.send(self.client.get(format!("http://{}{path}", self.http))).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(self.client.post(format!("http://{}{path}", self.http)).json(body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let response = request.bearer_auth(KEY).send().await?;
        let (status, text) = (response.status(), response.text().await?);
        if !status.is_success() {
            bail!("the API answered {status}: {text}");
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// A hosted agent that greets with "Hello.", with a number.
    pub async fn agent(&self) -> Result<Agent> {
        let body = json!({"name": "Bench", "voiceMode": "hosted",
            "systemPrompt": "We are open from nine to five.", "beginMessage": "Hello."});
        let agent = self.post("/v1/agents", &body).await?;
        let id = agent["id"].as_str().context("an agent without an id")?.to_owned();
        let number = self.post("/v1/numbers", &json!({"areaCode": "415", "agentId": agent["id"]})).await?;
        let number = number["phoneNumber"].as_str().context("a number without a number")?;
        Ok(Agent { id, number: number.to_owned() })
    }

    /// The finished call from this caller.
    pub async fn call_from(&self, caller: &str) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let calls = self.get("/v1/calls?limit=100").await?;
            let mut calls = calls["data"].as_array().into_iter().flatten();
            let found = calls.find(|call| call["fromNumber"] == caller && call["status"] == "completed");
            if let Some(id) = found.and_then(|call| call["id"].as_str()) {
                return self.get(&format!("/v1/calls/{id}")).await;
            }
            if begun.elapsed() > Duration::from_secs(10) {
                bail!("the call from {caller} did not end well");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// SIGTERM, then wait.
    fn stop(&mut self) {
        // The child is ours and not yet waited for, so its pid is still its own.
        let _sent = Command::new("kill").arg(self.child.id().to_string()).status();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(15) {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _gone = self.child.kill();
        let _waited = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// `ready http=ADDR sip=ADDR`
fn ready(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let (http, sip) = line.trim().strip_prefix("ready http=")?.split_once(" sip=")?;
    Some((http.parse().ok()?, sip.parse().ok()?))
}
