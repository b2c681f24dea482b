//! A chat model that follows a script (`POST /v1/chat/completions`).

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::served::{Journal, Received, Served, Step, locked, play};

/// What the model does with one request.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatReply {
    status: u16,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Wait(Duration),
    Text(String),
    Tool { name: String, arguments: Value },
    Raw(String),
    Stall,
    Break,
}

impl ChatReply {
    /// Says `text`, word by word, without delay.
    #[must_use]
    pub fn say(text: &str) -> Self {
        Self::say_slowly(text, Duration::ZERO, Duration::ZERO)
    }

    /// Says `text`: the first word after `first`, each next one after `gap`.
    #[must_use]
    pub fn say_slowly(text: &str, first: Duration, gap: Duration) -> Self {
        let mut parts = Vec::new();
        for (index, word) in text.split_inclusive(' ').enumerate() {
            let wait = if index == 0 { first } else { gap };
            if !wait.is_zero() {
                parts.push(Part::Wait(wait));
            }
            parts.push(Part::Text(word.to_owned()));
        }
        Self { status: 200, parts }
    }

    /// Calls a tool; several may follow each other.
    #[must_use]
    pub fn tool(name: &str, arguments: Value) -> Self {
        Self { status: 200, parts: Vec::new() }.and_tool(name, arguments)
    }

    /// Calls a tool after what came before.
    #[must_use]
    pub fn and_tool(mut self, name: &str, arguments: Value) -> Self {
        self.parts.push(Part::Tool { name: name.to_owned(), arguments });
        self
    }

    /// Answers with an HTTP error.
    #[must_use]
    pub fn error(status: u16) -> Self {
        Self { status, parts: Vec::new() }
    }

    /// Never answers: not one byte of the body comes.
    #[must_use]
    pub fn stall() -> Self {
        Self { status: 200, parts: vec![Part::Stall] }
    }

    /// Sends what is no event at all, and ends.
    #[must_use]
    pub fn garbage() -> Self {
        let raw = "data: {\"choices\":[{\"delta\":{\"content\":\n\n<html>\u{0}\u{1}</html>\ndata: 17\n\ndata: [[[\n\n";
        Self { status: 200, parts: vec![Part::Raw(raw.to_owned())] }
    }

    /// Waits, after what came before.
    #[must_use]
    pub fn and_wait(mut self, time: Duration) -> Self {
        self.parts.push(Part::Wait(time));
        self
    }

    /// Stops answering after what came before, the connection open.
    #[must_use]
    pub fn and_stall(mut self) -> Self {
        self.parts.push(Part::Stall);
        self
    }

    /// Breaks the connection after what came before.
    #[must_use]
    pub fn and_break(mut self) -> Self {
        self.parts.push(Part::Break);
        self
    }

    fn steps(&self) -> Vec<Step> {
        let send = |value: &Value| Step::Send(Bytes::from(format!("data: {value}\n\n")));
        let mut tools = 0_usize;
        let mut steps = vec![];
        for part in &self.parts {
            match part {
                Part::Wait(time) => steps.push(Step::Wait(*time)),
                Part::Text(text) => steps.push(send(&chunk(&json!({"content": text}), Value::Null))),
                Part::Tool { name, arguments } => {
                    let head = json!({"tool_calls": [{"index": tools, "id": format!("call_{tools}"),
                        "type": "function", "function": {"name": name, "arguments": ""}}]});
                    steps.push(send(&chunk(&head, Value::Null)));
                    // In two pieces, as real models send them.
                    let text: Vec<char> = arguments.to_string().chars().collect();
                    for piece in text.chunks(text.len().div_ceil(2).max(1)) {
                        let piece: String = piece.iter().collect();
                        let delta =
                            json!({"tool_calls": [{"index": tools, "function": {"arguments": piece}}]});
                        steps.push(send(&chunk(&delta, Value::Null)));
                    }
                    tools += 1;
                }
                Part::Raw(raw) => {
                    steps.push(Step::Send(Bytes::from(raw.clone())));
                    return steps;
                }
                Part::Stall => steps.push(Step::Stall),
                Part::Break => steps.push(Step::Break),
            }
        }
        steps.push(send(&chunk(&json!({}), Value::from(if tools > 0 { "tool_calls" } else { "stop" }))));
        steps.push(Step::Send(Bytes::from_static(b"data: [DONE]\n\n")));
        steps
    }

    /// The reply to a request without `stream`.
    fn whole(&self) -> Value {
        let mut content = String::new();
        let mut tools = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => content.push_str(text),
                Part::Tool { name, arguments } => tools.push(json!({"id": format!("call_{}", tools.len()),
                    "type": "function", "function": {"name": name, "arguments": arguments.to_string()}})),
                _ => {}
            }
        }
        let finish = if tools.is_empty() { "stop" } else { "tool_calls" };
        let mut message = json!({"role": "assistant", "content": content});
        if !tools.is_empty() {
            message["tool_calls"] = Value::from(tools);
        }
        json!({"id": "chatcmpl-double", "object": "chat.completion", "model": "double",
            "choices": [{"index": 0, "message": message, "finish_reason": finish}]})
    }

    fn delay(&self) -> Duration {
        self.parts.iter().map(|p| if let Part::Wait(time) = p { *time } else { Duration::ZERO }).sum()
    }
}

fn chunk(delta: &Value, finish_reason: Value) -> Value {
    json!({"id": "chatcmpl-double", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "double",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})
}

/// Which reply each request gets.
///
/// A rule whose words occur in the last user message wins; else the next of
/// the sequence; else the fallback.
#[derive(Debug, Clone)]
pub struct ChatScript {
    rules: Vec<(String, ChatReply)>,
    sequence: VecDeque<ChatReply>,
    fallback: ChatReply,
}

impl Default for ChatScript {
    fn default() -> Self {
        Self { rules: Vec::new(), sequence: VecDeque::new(), fallback: ChatReply::say("I see.") }
    }
}

impl ChatScript {
    /// Every request whose last user message contains `words` (any case) gets `reply`.
    #[must_use]
    pub fn when(mut self, words: &str, reply: ChatReply) -> Self {
        self.rules.push((words.to_lowercase(), reply));
        self
    }

    /// The next request that no rule takes gets `reply`.
    #[must_use]
    pub fn then(mut self, reply: ChatReply) -> Self {
        self.sequence.push_back(reply);
        self
    }

    /// What is left gets `reply`.
    #[must_use]
    pub fn otherwise(mut self, reply: ChatReply) -> Self {
        self.fallback = reply;
        self
    }

    fn next(&mut self, request: &Value) -> ChatReply {
        let last = request["messages"].as_array().and_then(|all| all.last());
        let said = last_user_words(request).to_lowercase();
        let after_a_tool = last.is_some_and(|message| message["role"] == "tool");
        if !after_a_tool && let Some((_, reply)) = self.rules.iter().find(|(words, _)| said.contains(words)) {
            return reply.clone();
        }
        self.sequence.pop_front().unwrap_or_else(|| self.fallback.clone())
    }
}

/// Content of the last message of role `user`.
#[must_use]
pub fn last_user_words(request: &Value) -> String {
    let messages = request["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let last = messages.iter().rev().find(|message| message["role"] == "user");
    match last.map(|message| &message["content"]) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// The running double.
#[derive(Debug)]
pub struct ChatDouble {
    served: Served,
    shared: Shared,
}

#[derive(Debug, Clone)]
struct Shared {
    journal: Journal,
    script: Arc<Mutex<ChatScript>>,
}

impl ChatDouble {
    /// Starts with a script.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(script: ChatScript) -> io::Result<Self> {
        let shared = Shared { journal: Journal::default(), script: Arc::new(Mutex::new(script)) };
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .route(
                "/v1/models",
                get(|| async { Json(json!({"object": "list", "data": [{"id": "double"}]})) }),
            )
            .with_state(shared.clone());
        Ok(Self { served: Served::start(router).await?, shared })
    }

    /// What `LLM__BASE_URL` takes.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.served.url("/v1")
    }

    /// Requests and cut-off replies.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// Another script from now on.
    pub fn replace(&self, script: ChatScript) {
        *locked(&self.shared.script) = script;
    }
}

async fn complete(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let received = Received { at: Instant::now(), method, uri, headers, body };
    let request = received.json();
    let reply = locked(&shared.script).next(&request);
    shared.journal.record(received);
    if reply.status != 200 {
        let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return (status, Json(json!({"error": {"message": "scripted", "type": "double"}}))).into_response();
    }
    if request["stream"] == true {
        return play(StatusCode::OK, "text/event-stream", reply.steps(), &shared.journal);
    }
    let mut steps = vec![Step::Wait(reply.delay()), Step::Send(Bytes::from(reply.whole().to_string()))];
    if reply.parts.contains(&Part::Stall) {
        steps.insert(1, Step::Stall);
    }
    if reply.parts.contains(&Part::Break) {
        steps.insert(1, Step::Break);
    }
    play(StatusCode::OK, "application/json", steps, &shared.journal)
}
