//! What `offhook doctor` looks at.

use std::net::SocketAddr;

use offhook_store::{Store, StoreOptions};
use offhook_voice::providers::speech;

use super::Start;
use crate::error::Chain;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It works.
    Good,
    /// It works, but the operator should know something.
    Note,
    /// It does not work.
    Bad,
}

impl State {
    /// `ok`, `note` or `fail`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Bad => "fail",
        }
    }
}

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// How it is.
    pub state: State,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Check {
    /// It works.
    pub fn good(what: &str, detail: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state: State::Good, detail: detail.into(), hint: None }
    }

    /// It works, with a remark.
    pub fn note(what: &str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state: State::Note, detail: detail.into(), hint: Some(hint.into()) }
    }

    /// It does not work.
    pub fn bad(what: &str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state: State::Bad, detail: detail.into(), hint: Some(hint.into()) }
    }
}

/// Looks at everything these settings need. Changes nothing but what a start
/// would change too (the database's schema).
pub async fn examine(start: Start) -> Vec<Check> {
    // As a start would; what fails here is said by the checks below.
    let _ = tokio::fs::create_dir_all(&start.data_dir).await;
    let mut checks = vec![
        tcp("http port", start.http_listen).await,
        udp("sip port", start.engine.endpoint.listen).await,
        tcp("sip port", start.engine.endpoint.listen).await,
        media(&start).await,
        database(&start).await,
        directory(&start).await,
    ];
    checks.extend(speech_engines(&start));
    checks.push(model(&start).await);
    checks
}

async fn tcp(what: &str, address: SocketAddr) -> Check {
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => Check::good(what, format!("{address}/tcp is free")),
        Err(error) => Check::bad(what, format!("{address}/tcp: {error}"), taken_hint(what)),
    }
}

async fn udp(what: &str, address: SocketAddr) -> Check {
    match tokio::net::UdpSocket::bind(address).await {
        Ok(_) => Check::good(what, format!("{address}/udp is free")),
        Err(error) => Check::bad(what, format!("{address}/udp: {error}"), taken_hint(what)),
    }
}

fn taken_hint(what: &str) -> String {
    let key = if what.starts_with("http") { "http.listen" } else { "sip.listen" };
    format!("stop what uses it (an Offhook that runs already?), or set {key}")
}

async fn media(start: &Start) -> Check {
    let (bind, ports) = (start.engine.media.bind, start.engine.media.ports.clone());
    let (low, high) = (*ports.start(), *ports.end());
    let pairs = (usize::from(high) + 1).saturating_sub(usize::from(low)) / 2;
    let detail = format!("{bind}, {low}-{high}: room for {pairs} calls");
    match tokio::net::UdpSocket::bind((bind, low & !1)).await {
        Ok(_) => Check::good("media ports", detail),
        Err(error) => {
            Check::note("media ports", format!("{detail}; the first is taken ({error})"), "others are tried")
        }
    }
}

async fn database(start: &Start) -> Check {
    let options = StoreOptions { keys: Some(start.keys.clone()), ..StoreOptions::default() };
    let opened = async {
        let store = Store::connect(&start.store_url, options).await?;
        store.ping().await?;
        let kind = store.kind();
        store.close().await;
        Ok::<_, offhook_store::StoreError>(kind)
    };
    match opened.await {
        Ok(kind) => Check::good("store", format!("{kind:?} answers, schema up to date, secrets open")),
        Err(error @ offhook_store::StoreError::Key { .. }) => Check::bad(
            "store",
            format!("{}", Chain(&error)),
            "bring the right master key back, see docs/security.md",
        ),
        Err(error) => {
            Check::bad("store", format!("{}", Chain(&error)), "check store.url and that the database runs")
        }
    }
}

async fn directory(start: &Start) -> Check {
    let dir = &start.blobs;
    let probe = dir.join(".doctor");
    let written = async {
        tokio::fs::create_dir_all(dir).await?;
        tokio::fs::write(&probe, b"ok").await?;
        tokio::fs::remove_file(&probe).await
    };
    match written.await {
        Ok(()) => Check::good("recordings", format!("{} can be written", dir.display())),
        Err(error) => Check::bad(
            "recordings",
            format!("{}: {error}", dir.display()),
            "make it writable, or set store.blobs",
        ),
    }
}

fn speech_engines(start: &Start) -> Vec<Check> {
    speech::check(&start.speech)
        .into_iter()
        .map(|part| Check {
            what: "speech".to_owned(),
            state: match (part.is_ready, &part.hint) {
                (false, _) => State::Bad,
                (true, Some(_)) => State::Note,
                (true, None) => State::Good,
            },
            detail: format!("{}: {}", part.component, part.state),
            hint: part.hint,
        })
        .collect()
}

/// Asks the model's server for its list of models: the cheapest request there is.
async fn model(start: &Start) -> Check {
    let Some(llm) = &start.llm else {
        return Check::note(
            "model",
            "extractive: hosted agents quote from their prompt; no model is configured",
            "set llm.base_url and llm.balanced for a model",
        );
    };
    let url = format!("{}/models", llm.base_url);
    let mut request = reqwest::Client::new().get(&url).timeout(std::time::Duration::from_secs(5));
    if let Some(key) = &llm.api_key {
        request = request.bearer_auth(key);
    }
    match request.send().await {
        Ok(answer) if answer.status().is_success() => {
            Check::good("model", format!("{} answers; balanced is {}", llm.base_url, llm.models.balanced))
        }
        Ok(answer) => Check::note(
            "model",
            format!("{url} answered {}", answer.status()),
            "fine for a server without that route; else check llm.api_key",
        ),
        Err(error) => Check::bad(
            "model",
            format!("{}: {}", llm.base_url, Chain(&error)),
            "check llm.base_url and that it runs",
        ),
    }
}
