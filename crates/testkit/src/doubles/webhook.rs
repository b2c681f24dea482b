//! A developer's server: takes signed events, answers voice turns.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::served::{Journal, Received, Served, Step, locked, play};

/// An answer to a voice turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookReply {
    status: u16,
    content_type: String,
    steps: Vec<Step>,
}

impl WebhookReply {
    /// One JSON value.
    #[must_use]
    pub fn json(value: &Value) -> Self {
        Self::raw(200, "application/json", value.to_string())
    }

    /// `{"text": text}`.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::json(&json!({"text": text}))
    }

    /// Lines of NDJSON, each after its delay.
    #[must_use]
    pub fn ndjson(lines: &[(Duration, Value)]) -> Self {
        let mut steps = Vec::new();
        for (delay, line) in lines {
            steps.push(Step::Wait(*delay));
            steps.push(Step::Send(Bytes::from(format!("{line}\n"))));
        }
        Self { status: 200, content_type: "application/x-ndjson".into(), steps }
    }

    /// Any status, type and body.
    #[must_use]
    pub fn raw(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, content_type: content_type.into(), steps: vec![Step::Send(body.into())] }
    }

    /// A page, as a misconfigured server sends it.
    #[must_use]
    pub fn html() -> Self {
        Self::raw(200, "text/html", "<!doctype html><html><body>It works!</body></html>")
    }

    /// An error without a body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, content_type: "text/plain".into(), steps: Vec::new() }
    }

    /// Headers, then nothing.
    #[must_use]
    pub fn hang() -> Self {
        Self { status: 200, content_type: "application/json".into(), steps: vec![Step::Stall] }
    }

    /// Exact steps.
    #[must_use]
    pub fn steps(content_type: &str, steps: Vec<Step>) -> Self {
        Self { status: 200, content_type: content_type.into(), steps }
    }

    /// Breaks the connection after what came before, as in the middle of a line.
    #[must_use]
    pub fn and_break(mut self) -> Self {
        self.steps.push(Step::Break);
        self
    }

    /// Waits before everything else.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.steps.insert(0, Step::Wait(delay));
        self
    }
}

/// The running double. Takes every path and method.
#[derive(Debug)]
pub struct WebhookDouble {
    served: Served,
    shared: Shared,
}

#[derive(Debug, Clone, Default)]
struct Shared {
    journal: Journal,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    rules: Vec<(String, WebhookReply)>,
    sequence: VecDeque<WebhookReply>,
    fallback: Option<WebhookReply>,
    judge: Option<Judge>,
}

/// Decides how an event is answered.
type Judge = Arc<dyn Fn(&Received) -> WebhookReply + Send + Sync>;

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl WebhookDouble {
    /// Starts; until told otherwise it answers `200 {}`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        let shared = Shared::default();
        let router = Router::new().fallback(take).with_state(shared.clone());
        Ok(Self { served: Served::start(router).await?, shared })
    }

    /// Where events go.
    #[must_use]
    pub fn url(&self) -> String {
        self.served.url("/hook")
    }

    /// Requests and cut-off replies.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// A voice turn whose transcript contains `words` (any case; `""` is the
    /// opening turn only) gets `reply`.
    pub fn when(&self, words: &str, reply: WebhookReply) {
        locked(&self.shared.script).rules.push((words.to_lowercase(), reply));
    }

    /// The next voice turn that no rule takes gets `reply`.
    pub fn then(&self, reply: WebhookReply) {
        locked(&self.shared.script).sequence.push_back(reply);
    }

    /// What is left, other events included, gets `reply`.
    pub fn otherwise(&self, reply: WebhookReply) {
        locked(&self.shared.script).fallback = Some(reply);
    }

    /// Every event that is no voice turn is answered as `judge` says.
    pub fn judge(&self, judge: impl Fn(&Received) -> WebhookReply + Send + Sync + 'static) {
        locked(&self.shared.script).judge = Some(Arc::new(judge));
    }

    /// Waits for the first event of a name, e.g. `agent.call_ended`.
    pub async fn event(&self, name: &str, patience: Duration) -> Option<Value> {
        let fits = |r: &Received| r.json()["event"] == name;
        self.shared.journal.first(fits, patience).await.map(|r| r.json())
    }

    /// The transcripts of the voice turns so far.
    #[must_use]
    pub fn turns(&self) -> Vec<String> {
        self.shared.journal.requests().iter().filter_map(transcript).collect()
    }
}

/// The caller's words, when the request is a voice turn.
fn transcript(received: &Received) -> Option<String> {
    let event = received.json();
    let is_turn = event["event"] == "agent.message" && event["channel"] == "voice";
    event["data"]["transcript"].as_str().filter(|_| is_turn).map(str::to_owned)
}

async fn take(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let received = Received { at: Instant::now(), method, uri, headers, body };
    let said = transcript(&received).map(|words| words.to_lowercase());
    let reply = {
        let mut script = locked(&shared.script);
        let rule = said.as_ref().and_then(|said| {
            let fits = |words: &String| if words.is_empty() { said.is_empty() } else { said.contains(words) };
            script.rules.iter().find(|(words, _)| fits(words)).map(|(_, reply)| reply.clone())
        });
        let judge = script.judge.clone().filter(|_| said.is_none()).map(|judge| judge(&received));
        let next = || said.as_ref().and_then(|_| script.sequence.pop_front());
        rule.or_else(next)
            .or(judge)
            .or_else(|| script.fallback.clone())
            .unwrap_or_else(|| WebhookReply::json(&json!({})))
    };
    shared.journal.record(received);
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    play(status, &reply.content_type, reply.steps, &shared.journal)
}

/// Checks a signature as the contract's receivers do (`webhooks.md` §2):
/// HMAC-SHA-256 over timestamp, a dot and the exact bytes, within 300 s of `now`.
#[must_use]
pub fn is_signed(received: &Received, secret: &str, now_unix_s: i64) -> bool {
    let Some(timestamp) = received.header("x-webhook-timestamp") else { return false };
    let fresh = timestamp.parse::<i64>().is_ok_and(|at| at.abs_diff(now_unix_s) <= 300);
    let signature = received.header("x-webhook-signature").and_then(|s| s.strip_prefix("sha256="));
    let Some(signature) = signature.and_then(|hex| hex::decode(hex).ok()) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(&received.body);
    fresh && mac.verify_slice(&signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_test_vector_is_signed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-webhook-timestamp", "1700000000".parse().unwrap());
        let signature = "sha256=38877139021993b830af32feea6e18a8da83eb2f6e49ee50bd9e4cf4ca4d3789";
        headers.insert("x-webhook-signature", signature.parse().unwrap());
        let mut received = Received {
            at: Instant::now(),
            method: Method::POST,
            uri: Uri::from_static("/"),
            headers,
            body: Bytes::from_static(b"{\"a\":1}"),
        };
        assert!(is_signed(&received, "whsec_test", 1_700_000_300));
        assert!(!is_signed(&received, "whsec_test", 1_700_000_301));
        assert!(!is_signed(&received, "test", 1_700_000_000));
        received.body = Bytes::from_static(b"{\"a\": 1}");
        assert!(!is_signed(&received, "whsec_test", 1_700_000_000));
    }
}
