//! A small client of the REST API.

use anyhow::{Context, bail};
use reqwest::{Client, Response};
use serde_json::Value;

pub struct Api {
    base: String,
    key: String,
    client: Client,
}

impl Api {
    pub fn new(base: String, key: &str) -> Self {
        Self { base, key: key.to_owned(), client: Client::new() }
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let request = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.key);
        json(path, request.send().await?).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.key).json(body);
        json(path, request.send().await?).await
    }

    /// The body as bytes; none when it is not there (yet).
    pub async fn bytes(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let response = self.client.get(format!("{}{path}", self.base)).send().await?;
        if !response.status().is_success() {
            return Ok(None);
        }
        Ok(Some(response.bytes().await?.to_vec()))
    }

    /// Hands every turn of the call to `each`, live, until the call has ended.
    pub async fn follow(&self, call: &str, each: fn(&Value)) -> anyhow::Result<()> {
        let path = format!("/v1/calls/{call}/transcript/stream");
        let mut response =
            self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.key).send().await?;
        if !response.status().is_success() {
            bail!("{path} answered {}", response.status());
        }
        let (mut buffer, mut event) = (Vec::new(), String::new());
        while let Some(chunk) = response.chunk().await? {
            buffer.extend_from_slice(&chunk);
            while let Some(end) = buffer.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = buffer.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                if let Some(name) = line.strip_prefix("event:") {
                    name.trim().clone_into(&mut event);
                } else if let Some(data) = line.strip_prefix("data:") {
                    let data: Value =
                        serde_json::from_str(data.trim()).context("an event that is not JSON")?;
                    match event.as_str() {
                        "turn" => each(&data),
                        "ended" => return Ok(()),
                        _ => {}
                    }
                }
            }
        }
        bail!("the transcript stream broke off before the call ended")
    }
}

async fn json(path: &str, response: Response) -> anyhow::Result<Value> {
    let status = response.status();
    let body: Value = response.json().await.with_context(|| format!("{path}: no JSON in the answer"))?;
    if !status.is_success() {
        bail!("{path} answered {status}: {}", body["detail"]);
    }
    Ok(body)
}
