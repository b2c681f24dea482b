//! Calls a second without media, by SIPp.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    figures::{cpu_time, row},
    server::Server,
};

const RATE: usize = 200;
const CALLS: usize = 2_000;

pub async fn measure(binary: &Path) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let settings = [("RECORDING__ENABLED", "false".to_owned()), ("SIP__MAX_CALLS", "5000".to_owned())];
    let server = Server::start(binary, dir.path(), &settings)?;
    let agent = server.agent().await?;
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sipp/brief.xml");
    let (cpu, begun) = (cpu_time(server.pid()), Instant::now());
    let status = tokio::process::Command::new("sipp")
        .arg("-sf")
        .arg(&scenario)
        .args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin", "-timeout_error", "-timeout", "60"])
        .args(["-s", &agent.number, "-r", &RATE.to_string(), "-m", &CALLS.to_string(), "-l", "4000"])
        .arg(server.sip.to_string())
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .context("sipp is not installed (scripts/setup test)")?;
    let took = begun.elapsed();
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut completed = 0;
    while completed < CALLS && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let calls = server.get("/v1/calls?status=completed&limit=1").await?;
        completed = calls["total"].as_u64().unwrap_or_default() as usize;
    }
    let used = cpu_time(server.pid()).saturating_sub(cpu).as_secs_f64() * 1_000.0;
    if completed < CALLS / 2 {
        bail!("only {completed} of {CALLS} calls were completed");
    }
    row(
        "calls without media at 200 a second",
        format!(
            "{:.1} ms CPU per call; {completed} of {CALLS} completed in {:.1} s{}",
            used / CALLS as f64,
            took.as_secs_f64(),
            if status.success() { "" } else { ", SIPp saw failures" }
        ),
    );
    Ok(())
}
