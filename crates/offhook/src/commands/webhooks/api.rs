//! The REST API of a running server: where it is, and whose key.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, Method, Response};
use serde_json::Value;

use crate::{cli::ApiArgs, config::Config};

/// Longest wait for an answer that is no stream.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server and a key.
pub struct Api {
    http: Client,
    url: String,
    key: String,
}

impl Api {
    /// What the command line or the environment names, else what the settings
    /// of this machine say.
    pub fn find(config: &Config, at: ApiArgs) -> anyhow::Result<Self> {
        let set = |value: &String| !value.is_empty();
        let url = at.url.filter(set).or_else(|| config.http_public_url.clone()).unwrap_or_else(|| {
            // Listening on every address, it is reached on this one.
            let mut listen = config.http_listen;
            if listen.ip().is_unspecified() {
                listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
            }
            format!("http://{listen}")
        });
        let key = at.key.filter(set).or_else(|| config.bootstrap_key.clone());
        let key =
            key.context("no API key: give --key or set OFFHOOK_API_KEY (`offhook keys create` makes one)")?;
        let http = Client::builder().connect_timeout(Duration::from_secs(5)).no_proxy().build()?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), key })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client for other addresses.
    pub fn http(&self) -> &Client {
        &self.http
    }

    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Value> {
        let request = self.request(Method::GET, path).query(query).timeout(PATIENCE);
        answer(request.send().await.with_context(|| self.unreachable())?).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path).json(body).timeout(PATIENCE);
        answer(request.send().await.with_context(|| self.unreachable())?).await
    }

    /// A stream, once its head is there.
    pub async fn stream(&self, path: &str, query: &[(&str, &str)]) -> Result<Response, StreamError> {
        let response = self.request(Method::GET, path).query(query).send().await;
        let response = response.map_err(|error| StreamError::Away(error.into()))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let error = refusal(status.as_u16(), response.text().await.unwrap_or_default());
        Err(if status.is_server_error() || status.as_u16() == 429 {
            StreamError::Away(error)
        } else {
            StreamError::Refused(error)
        })
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }

    fn unreachable(&self) -> String {
        format!("no answer from {}; is `offhook serve` running? (--url or OFFHOOK_URL says where)", self.url)
    }
}

/// Why there is no stream.
pub enum StreamError {
    /// Worth another try.
    Away(anyhow::Error),
    /// Not.
    Refused(anyhow::Error),
}

async fn answer(response: Response) -> anyhow::Result<Value> {
    let status = response.status();
    let text = response.text().await?;
    if !status.is_success() {
        return Err(refusal(status.as_u16(), text));
    }
    serde_json::from_str(&text).context("the server answered something that is not JSON; is it Offhook?")
}

/// The server's own words.
fn refusal(status: u16, text: String) -> anyhow::Error {
    let said = serde_json::from_str::<Value>(&text).unwrap_or_default();
    let detail = match &said["detail"] {
        Value::String(detail) => detail.clone(),
        Value::Array(faults) => {
            let faults = faults.iter().filter_map(|fault| fault["msg"].as_str());
            faults.collect::<Vec<_>>().join("; ")
        }
        _ => String::new(),
    };
    if detail.is_empty() {
        return anyhow::anyhow!("the server answered {status}");
    }
    anyhow::anyhow!("{detail} ({status})")
}

/// A text field of an answer.
pub fn field<'v>(value: &'v Value, name: &str) -> anyhow::Result<&'v str> {
    match value[name].as_str() {
        Some(text) => Ok(text),
        None => bail!("the server's answer lacks `{name}`; is it an older version?"),
    }
}
