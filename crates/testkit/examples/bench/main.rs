//! The figures of `docs/BENCHMARKS.md` that need the whole product: the binary
//! is started as an operator would start it, and driven over HTTP, SIP and RTP.
//!
//! ```text
//! scripts/bench                      # builds everything and runs this too
//! bench TARGET/release/offhook [turns|barge-in|start|calls|rate|api]…
//! ```
//!
//! Every figure is printed as one row of the table in the document.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod api;
mod barge_in;
mod callers;
mod calls;
mod figures;
mod media_path;
mod rate;
mod server;
mod start;
mod turns;

use std::path::PathBuf;

use anyhow::{Context as _, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let binary: PathBuf = arguments.next().context("the path of the offhook binary is missing")?.into();
    let wanted: Vec<String> = arguments.collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    figures::heading();
    if wants("start") {
        start::measure(&binary)?;
    }
    if wants("turns") {
        turns::measure(&binary).await?;
    }
    if wants("barge-in") {
        barge_in::measure(&binary).await?;
    }
    if wants("calls") {
        calls::measure(&binary).await?;
    }
    if wants("rate") {
        rate::measure(&binary).await?;
    }
    if wants("api") {
        api::measure(&binary).await?;
    }
    Ok(())
}
