//! How long a start takes and what an idle process holds.

use std::{path::Path, time::Duration};

use anyhow::Result;

use crate::{
    figures::{quantile, resident_mb, row_with_goal},
    server::Server,
};

const STARTS: usize = 10;
const GOAL_MS: f64 = 500.0;
const GOAL_MB: f64 = 60.0;

pub fn measure(binary: &Path) -> Result<()> {
    let mut fresh = Vec::new();
    for _ in 0..STARTS {
        let dir = tempfile::tempdir()?;
        fresh.push(start_ms(binary, dir.path())?);
    }
    told("start to ready, new database", &fresh);
    let dir = tempfile::tempdir()?;
    start_ms(binary, dir.path())?;
    let mut again = Vec::new();
    for _ in 0..STARTS {
        again.push(start_ms(binary, dir.path())?);
    }
    told("start to ready, existing database", &again);
    let server = Server::start(binary, dir.path(), &[])?;
    std::thread::sleep(Duration::from_secs(2));
    let (all, anonymous) = resident_mb(server.pid());
    let value = format!("{all:.1} MB resident, of it {anonymous:.1} MB not file-backed");
    row_with_goal("idle memory, no call yet", value, all, GOAL_MB, "MB");
    Ok(())
}

fn start_ms(binary: &Path, dir: &Path) -> Result<f64> {
    Ok(Server::start(binary, dir, &[])?.ready_after.as_secs_f64() * 1_000.0)
}

fn told(figure: &str, ms: &[f64]) {
    let (middle, worst) = (quantile(ms, 0.5), quantile(ms, 1.0));
    let value = format!("p50 {middle:.0} ms, max {worst:.0} ms (n={})", ms.len());
    row_with_goal(figure, value, worst, GOAL_MS, "ms (max)");
}
