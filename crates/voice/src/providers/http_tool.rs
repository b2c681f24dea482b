//! Custom HTTP tools of hosted agents (contract `voice-behaviour.md` §9).

use std::time::Duration;

use bytes::Bytes;
use offhook_model::{
    id::{AgentId, CallId},
    tool::{CustomTool, ToolMethod},
};
use reqwest::Method;
use serde_json::{Map, Value};
use url::Url;

use super::fetch::{FetchClient, FetchError, FetchRequest};

/// Characters of a result that reach the model.
pub const MAX_RESULT_CHARS: usize = 15_000;

/// The call a tool runs in; travels in headers.
#[derive(Debug, Clone)]
pub struct ToolContext {
    /// `X-Offhook-Call-Id`.
    pub call_id: CallId,
    /// `X-Offhook-Agent-Id`.
    pub agent_id: AgentId,
}

/// A tool gave no result. The texts are written for the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// It answered with something other than 2xx.
    #[error("the tool answered with HTTP {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// It did not answer.
    #[error("the tool could not be reached: {0}")]
    Fetch(FetchError),
}

/// Calls the tool and returns the body of its answer, at most
/// [`MAX_RESULT_CHARS`] long.
///
/// # Errors
/// [`ToolError`]; the call goes on, the model is told.
pub async fn call(
    fetch: &FetchClient,
    tool: &CustomTool,
    context: &ToolContext,
    arguments: &Map<String, Value>,
) -> Result<String, ToolError> {
    let request = request(tool, context, arguments).map_err(ToolError::Fetch)?;
    let mut response = fetch.send(request).await.map_err(ToolError::Fetch)?;
    if !response.status().is_success() {
        return Err(ToolError::Status { status: response.status().as_u16() });
    }
    let body = response.text().await.map_err(ToolError::Fetch)?;
    Ok(body.chars().take(MAX_RESULT_CHARS).collect())
}

fn request(
    tool: &CustomTool,
    context: &ToolContext,
    arguments: &Map<String, Value>,
) -> Result<FetchRequest, FetchError> {
    let mut url = Url::parse(&tool.url).map_err(|error| FetchError::BadUrl { reason: error.to_string() })?;
    let mut headers = Vec::new();
    let (method, body) = match tool.method {
        ToolMethod::Get => {
            if !arguments.is_empty() {
                let mut query = url.query_pairs_mut();
                for (name, value) in arguments {
                    match value {
                        Value::Null => {}
                        Value::String(text) => drop(query.append_pair(name, text)),
                        other => drop(query.append_pair(name, &other.to_string())),
                    }
                }
            }
            (Method::GET, None)
        }
        ToolMethod::Post => {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
            (Method::POST, Some(Bytes::from(Value::Object(arguments.clone()).to_string())))
        }
    };
    for (name, value) in tool.headers.iter().flatten() {
        headers.push((name.clone(), value.clone()));
    }
    // Ours come last: a tool's own headers must not pretend to be another call's.
    headers.push(("X-Offhook-Call-Id".to_owned(), context.call_id.to_string()));
    headers.push(("X-Offhook-Agent-Id".to_owned(), context.agent_id.to_string()));
    headers.push(("X-Offhook-Tool-Name".to_owned(), tool.name.clone()));
    Ok(FetchRequest {
        method,
        url: url.into(),
        headers,
        body,
        timeout: Duration::from_millis(u64::from(tool.timeout_ms)),
        max_body_bytes: MAX_RESULT_CHARS * 4,
    })
}
