//! Requests a second of the REST API, on SQLite and PostgreSQL side by side.
//!
//! The generator shares the machine's cores with the server, as it must on this
//! one; each row says who used how much of them. Rate limits are off.

mod database;
mod load;

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::json;

use self::{
    database::Database,
    load::{Load, Outcome},
};
use crate::{
    figures::{cpu_time, quantile, row_with_least},
    server::{Agent, Server},
};

/// Agents and calls that are there, so that a list has pages.
const ROWS: usize = 200;
/// Nobody answers there: the call is over at once.
const BUSY: &str = "+15005550002";
const READS_GOAL: f64 = 10_000.0;
const CREATES_GOAL: f64 = 2_000.0;
/// Connections, each with one request under way.
const READERS: usize = 32;
const CREATORS: usize = 64;

pub async fn measure(binary: &Path) -> Result<()> {
    for database in [Database::sqlite(), Database::postgres()?] {
        let dir = tempfile::tempdir()?;
        let settings: Vec<_> = database.url().into_iter().map(|url| ("STORE__URL", url)).collect();
        let server = Server::start(binary, dir.path(), &settings)?;
        let (agent, call) = seed(&server).await?;
        let reads = [
            ("GET /v1/agents/{agent_id}", format!("/v1/agents/{}", agent.id)),
            ("GET /v1/agents (20 of 200)", "/v1/agents".to_owned()),
            ("GET /v1/calls/{call_id}", format!("/v1/calls/{call}")),
        ];
        for (name, path) in reads {
            let load = Load::get(&server, &path, READERS);
            tell(name, &server, &database, &load, READS_GOAL)?;
        }
        let body = json!({"name": "Made by the benchmark", "voiceMode": "hosted",
            "systemPrompt": "We are open from nine to five.", "beginMessage": "Hello."});
        let load = Load::post(&server, "/v1/agents", &body, CREATORS);
        tell("POST /v1/agents", &server, &database, &load, CREATES_GOAL)?;
    }
    Ok(())
}

/// Agents, each with a call that is over; the last agent has a number.
async fn seed(server: &Server) -> Result<(Agent, String)> {
    for _ in 1..ROWS {
        server.post("/v1/agents", &json!({"name": "One of many"})).await?;
    }
    let agent = server.agent().await?;
    let body = json!({"agentId": agent.id, "toNumber": BUSY, "systemPrompt": "Say hello."});
    let call = server.post("/v1/calls", &body).await?;
    let call = call["id"].as_str().context("a call without an id")?.to_owned();
    for _ in 1..ROWS {
        server.post("/v1/calls", &body).await?;
    }
    Ok((agent, call))
}

fn tell(name: &str, server: &Server, database: &Database, load: &Load, goal: f64) -> Result<()> {
    let used = || (cpu_time(server.pid()), database.cpu_time(), cpu_time(std::process::id()));
    let before = used();
    let outcome = load.run()?;
    let after = used();
    let cores = std::thread::available_parallelism()?.get() as f64;
    let share = |before: std::time::Duration, after: std::time::Duration| {
        // Warming up is in the processor time, so it is in what it is divided by.
        100.0 * after.saturating_sub(before).as_secs_f64() / outcome.lasted.as_secs_f64() / cores
    };
    let Outcome { per_second, ref waits_ms, .. } = outcome;
    let value = format!(
        "{per_second:.0}/s, p50 {:.1} ms, p99 {:.1} ms; of {cores} cores server {:.0} %, database {:.0} %, generator {:.0} %",
        quantile(waits_ms, 0.5),
        quantile(waits_ms, 0.99),
        share(before.0, after.0),
        share(before.1, after.1),
        share(before.2, after.2),
    );
    row_with_least(&format!("{name}, {}", database.name()), value, per_second, goal, "/s");
    Ok(())
}
