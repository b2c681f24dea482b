//! Chat completions over HTTP in the OpenAI shape, streamed.
//!
//! Speaks to anything that offers `POST {base_url}/chat/completions` with
//! server-sent events: hosted services, vLLM, llama.cpp, Ollama, LM Studio.

mod sse;

use std::time::Duration;

use async_stream::try_stream;
use futures::stream::BoxStream;
use offhook_model::agent::ModelTier;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use self::sse::SseLines;
use super::fetch::{FetchError, root_cause};

/// Where the model is, and how patient we are.
#[derive(Clone)]
pub struct LlmConfig {
    /// Up to and including the version, e.g. `https://api.openai.com/v1`.
    pub base_url: String,
    /// Sent as a bearer token.
    pub api_key: Option<String>,
    /// Model name of each tier.
    pub models: TierModels,
    /// Limits of waiting.
    pub timeouts: LlmTimeouts,
}

impl std::fmt::Debug for LlmConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LlmConfig")
            .field("base_url", &self.base_url)
            .field("models", &self.models)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

/// Model name of each tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierModels {
    /// Fastest.
    pub turbo: String,
    /// A good mix.
    pub balanced: String,
    /// Strongest.
    pub max: String,
}

impl TierModels {
    /// The model of a tier.
    #[must_use]
    pub fn of(&self, tier: ModelTier) -> &str {
        match tier {
            ModelTier::Turbo => &self.turbo,
            ModelTier::Balanced => &self.balanced,
            ModelTier::Max => &self.max,
        }
    }
}

/// Limits of waiting for a model. A caller sits through them in silence, so
/// they are short for HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LlmTimeouts {
    /// For the connection, TLS included.
    pub connect: Duration,
    /// From the request to the first event.
    pub first_token: Duration,
    /// Between two events.
    pub between_tokens: Duration,
}

impl Default for LlmTimeouts {
    /// 3, 8 and 5 seconds.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            first_token: Duration::from_secs(8),
            between_tokens: Duration::from_secs(5),
        }
    }
}

/// A completion failed. Texts never hold words of the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// No connection, or it broke.
    #[error("connection failed: {reason}")]
    Connection {
        /// Why.
        reason: String,
    },
    /// The server refused.
    #[error("HTTP {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// Nothing came.
    #[error("no first token within {after:?}")]
    NoFirstToken {
        /// The limit.
        after: Duration,
    },
    /// It stopped in the middle.
    #[error("no token for {after:?}")]
    Stalled {
        /// The limit.
        after: Duration,
    },
    /// The answer is no event stream of completions.
    #[error("the answer is not a stream of completions: {what}")]
    Garbage {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The stream ended without saying so.
    #[error("the stream ended early")]
    Cut,
}

/// What a model is asked.
#[derive(Debug, Clone)]
pub struct ChatRequest {
    /// Model name.
    pub model: String,
    /// Messages in the OpenAI shape.
    pub messages: Vec<Value>,
    /// Functions in the OpenAI shape; empty offers none.
    pub tools: Vec<Value>,
}

/// A piece of a completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatDelta {
    /// Words.
    Text(String),
    /// A piece of a tool call; pieces of one index belong together.
    Tool {
        /// Which call.
        index: usize,
        /// Its id, in the first piece.
        id: Option<String>,
        /// The function, in the first piece.
        name: Option<String>,
        /// The next piece of the JSON arguments.
        arguments: String,
    },
}

/// Client of one model server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ChatClient {
    http: reqwest::Client,
    config: LlmConfig,
}

impl ChatClient {
    /// The operator chose the address, so it may be private and proxies of the
    /// environment apply; redirects are not followed.
    ///
    /// # Errors
    /// [`FetchError::Build`] when TLS cannot be set up.
    pub fn new(config: LlmConfig) -> Result<Self, FetchError> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(config.timeouts.connect)
            .build()
            .map_err(|error| FetchError::Build { reason: root_cause(&error) })?;
        Ok(Self { http, config })
    }

    /// The model of a tier.
    #[must_use]
    pub fn model(&self, tier: ModelTier) -> &str {
        self.config.models.of(tier)
    }

    /// Asks, and streams the answer; the first error ends the stream. Dropping
    /// the stream closes the connection, which stops the model.
    #[must_use]
    pub fn complete(&self, request: &ChatRequest) -> BoxStream<'static, Result<ChatDelta, ChatError>> {
        let mut body = json!({ "model": request.model, "messages": request.messages, "stream": true });
        if !request.tools.is_empty() {
            body["tools"] = Value::Array(request.tools.clone());
        }
        let url = format!("{}/chat/completions", self.config.base_url.trim_end_matches('/'));
        let mut builder = self.http.post(url).header("accept", "text/event-stream").json(&body);
        if let Some(key) = &self.config.api_key {
            builder = builder.bearer_auth(key);
        }
        let LlmTimeouts { first_token, between_tokens, .. } = self.config.timeouts;
        Box::pin(try_stream! {
            let started = tokio::time::Instant::now();
            let no_first = ChatError::NoFirstToken { after: first_token };
            let response = timeout(first_token, builder.send())
                .await
                .map_err(|_| no_first.clone())?
                .map_err(|error| connection(&error))?;
            if !response.status().is_success() {
                Err(ChatError::Status { status: response.status().as_u16() })?;
            }
            let mut lines = SseLines::new(response);
            let mut patience = first_token.saturating_sub(started.elapsed());
            let (mut any, mut ended) = (false, false);
            loop {
                let data = match timeout(patience, lines.next_data()).await {
                    Err(_) if any => Err(ChatError::Stalled { after: between_tokens }),
                    Err(_) => Err(no_first.clone()),
                    Ok(data) => data,
                }?;
                let Some(data) = data else { break };
                if data == "[DONE]" {
                    ended = true;
                    break;
                }
                let chunk: Chunk = serde_json::from_str(&data)
                    .map_err(|_| ChatError::Garbage { what: "an event is no completion chunk" })?;
                any = true;
                patience = between_tokens;
                // Usage-only chunks have no choice.
                let Some(choice) = chunk.choices.into_iter().next() else { continue };
                if let Some(text) = choice.delta.content
                    && !text.is_empty()
                {
                    yield ChatDelta::Text(text);
                }
                for (position, call) in choice.delta.tool_calls.unwrap_or_default().into_iter().enumerate() {
                    let function = call.function.unwrap_or_default();
                    yield ChatDelta::Tool {
                        index: call.index.unwrap_or(position),
                        id: call.id,
                        name: function.name,
                        arguments: function.arguments.unwrap_or_default(),
                    };
                }
                ended |= choice.finish_reason.is_some();
            }
            if !ended {
                Err(if any { ChatError::Cut } else { ChatError::Garbage { what: "it holds no events" } })?;
            }
        })
    }
}

fn connection(error: &reqwest::Error) -> ChatError {
    ChatError::Connection { reason: root_cause(error) }
}

#[derive(Deserialize)]
struct Chunk {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Deserialize)]
struct ToolCall {
    index: Option<usize>,
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Default, Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}
