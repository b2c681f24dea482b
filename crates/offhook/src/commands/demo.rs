//! `offhook demo`: one complete call on this machine.
//!
//! A server of its own, in a temporary directory and on free ports, with the
//! simulated carrier and the embedded speech engines. Everything else goes
//! the way any client goes: over the REST API. A scripted caller phones the
//! agent over real SIP and RTP, and really speaks.

mod api;
mod script;
mod verdict;

use std::{path::Path, process::ExitCode, time::Duration};

use anyhow::Context;
use serde_json::{Value, json};

use super::serve;
use crate::config::Config;
use api::Api;

/// The whole demo may take this long before it counts as failed.
const LIMIT: Duration = Duration::from_secs(120);

pub async fn run(config: Config, recording: &Path) -> anyhow::Result<ExitCode> {
    crate::logging::start(&crate::config::Log { level: "error".to_owned(), json: false });
    let dir = std::env::temp_dir().join(format!("offhook-demo-{}", std::process::id()));
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let result = tokio::time::timeout(LIMIT, play(demo_config(config, &dir), recording)).await;
    // The demo's database is worth nothing afterwards; a leftover is harmless.
    let _ = std::fs::remove_dir_all(&dir);
    match result {
        Ok(Ok(())) => Ok(ExitCode::SUCCESS),
        Ok(Err(error)) => Err(error.context("the demo call did not work; `offhook doctor` may say why")),
        Err(_) => anyhow::bail!("the demo call was not over after {LIMIT:?}"),
    }
}

/// The demo's own settings: free ports, a database of its own, nothing from outside.
fn demo_config(config: Config, dir: &Path) -> Config {
    let free = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    Config {
        data_dir: dir.to_path_buf(),
        store_url: format!("sqlite://{}", dir.join("demo.db").display()),
        keys: offhook_server::compose::Keys::File(dir.join("master-key")),
        blobs: dir.join("blobs"),
        http_listen: free,
        http_public_url: None,
        sip: crate::config::Sip { listen: free, advertised: None, ..config.sip.clone() },
        media: crate::config::Media { address: None, ..config.media.clone() },
        bootstrap_key: Some("sk_live_demo".to_owned()),
        llm: crate::config::Llm { base_url: None, ..config.llm.clone() },
        stt: embedded(&config.stt),
        tts: embedded(&config.tts),
        sim_enabled: true,
        trunks: Vec::new(),
        recording_enabled: true,
        ..config
    }
}

fn embedded(speech: &crate::config::Speech) -> crate::config::Speech {
    crate::config::Speech { provider: "embedded".to_owned(), base_url: None, ..speech.clone() }
}

async fn play(config: Config, recording: &Path) -> anyhow::Result<()> {
    println!("Offhook demo: a caller phones an agent, on this machine, with embedded speech.");
    println!("Recognition is pocketsphinx (demo grade); the agent quotes from its prompt (extractive).\n");
    let running = serve::start(&config).await?;
    let api = Api::new(format!("http://{}", running.http_addr()), "sk_live_demo");
    let outcome = converse(&api, recording).await;
    running.stop().await;
    outcome
}

async fn converse(api: &Api, recording: &Path) -> anyhow::Result<()> {
    let agent = api.post("/v1/agents", &script::agent()).await?;
    let number = api.post("/v1/numbers", &json!({"areaCode": "415", "agentId": agent["id"]})).await?;
    let number = text(&number, "phoneNumber")?;
    println!("agent   {} answers {number}", text(&agent, "name")?);
    println!("caller  dials from {}\n", script::CALLER);
    // The request is answered when the call is over; meanwhile it is followed.
    let order = script::call(number);
    let placed = api.post("/offhook/v1/sim/calls", &order);
    let followed = async {
        let id = newest_call(api).await?;
        api.follow(&id, print_turn).await?;
        anyhow::Ok(id)
    };
    let (_, id) = tokio::try_join!(placed, followed)?;
    let call = api.get(&format!("/v1/calls/{id}?wait=true&timeout=30")).await?;
    let wav = save_recording(api, &id, recording).await?;
    verdict::judge(&call, &wav)?;
    println!(
        "\nThe call took {} s and ended by {}.",
        call["durationSeconds"],
        call["disconnectionReason"].as_str().unwrap_or("?")
    );
    println!("Recording: {} (left: caller, right: agent)", recording.display());
    Ok(())
}

/// The simulated call has arrived as the newest call of the account.
async fn newest_call(api: &Api) -> anyhow::Result<String> {
    for _ in 0..50 {
        let calls = api.get("/v1/calls").await?;
        if let Some(id) = calls["data"][0]["id"].as_str() {
            return Ok(id.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the call did not arrive within 5 s")
}

/// The recording is complete shortly after the call.
async fn save_recording(api: &Api, id: &str, to: &Path) -> anyhow::Result<Vec<u8>> {
    for _ in 0..50 {
        if let Some(wav) = api.bytes(&format!("/v1/calls/{id}/recording")).await? {
            std::fs::write(to, &wav).with_context(|| format!("cannot write {}", to.display()))?;
            return Ok(wav);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the call left no recording")
}

fn print_turn(turn: &Value) {
    let who = if turn["role"] == "agent" { "agent " } else { "caller" };
    println!("{who} │ {}", turn["content"].as_str().unwrap_or_default());
}

fn text<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    value[key].as_str().with_context(|| format!("the API's answer lacks `{key}`"))
}
