//! Prints how fast the real worker delivers signed events to a sink on this
//! machine, how long first attempts take, and what blocked events cost.
//!
//! `cargo run --release -p offhook-server --features bulk --example deliver_rate -- sqlite:///tmp/deliver.db`
//!
//! Sink, worker and database share the machine. The database must be empty.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod claiming;
mod latency;
mod sink;
mod stage;

use std::time::{Duration, Instant};

use offhook_model::Timestamp;
use offhook_server::deliver::Deliverer;
use offhook_store::{Bulk, Db};
use tokio_util::sync::CancellationToken;

use stage::{Failure, Stage};

/// Events that wait when the worker starts.
const BACKLOG: usize = 30_000;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url = std::env::args().nth(1).ok_or("give the url of an empty database")?;
    let stage = Stage::set(&url).await?;
    let (name, goal) = match stage.app.store().kind() {
        Db::Sqlite => ("SQLite", 1_500.0),
        Db::Postgres => ("PostgreSQL", 2_000.0),
    };
    println!("{name}, load {}", stage::load());
    let rate = throughput(&stage).await?;
    println!("  {rate:.0} signed deliveries/s of a backlog of {BACKLOG} to 100 endpoints; goal {goal:.0}");
    for hanging in [false, true] {
        let spread = latency::measure(&stage, goal / 2.0, hanging).await?;
        let with = if hanging { "one of 100 endpoints hanging" } else { "all endpoints well" };
        println!("  first attempt after commit at {:.0}/s, {with}: {spread}; goal p99 1000 ms", goal / 2.0);
    }
    for pending in [1_000, 1_000_000] {
        let spread = claiming::measure(&stage, pending).await?;
        println!("  choosing and claiming 64 of 99 endpoints behind {pending} of a blocked one: {spread}");
    }
    stage.app.store().close().await;
    Ok(())
}

async fn throughput(stage: &Stage) -> Result<f64, Failure> {
    // A first round opens connections and prepares statements.
    for (events, hours_ago, is_counted) in [(2_000, 2, false), (BACKLOG, 1, true)] {
        let first = Timestamp::from_millisecond(Timestamp::now().as_millisecond() - hours_ago * 3_600_000)?;
        let rows = i64::try_from(events)?;
        stage.app.store().fill(Bulk::Events, &stage.account, rows, first, 1).await?;
        stage.app.store().analyze().await?;
        let before = stage.sink.count();
        let stop = CancellationToken::new();
        let begun = Instant::now();
        let worker = tokio::spawn(Deliverer::new(stage.app.clone()).run(stop.clone()));
        while stage.sink.count() < before + events {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.cancel();
        worker.await?;
        if is_counted {
            // The last results are written by now, too.
            return Ok(events as f64 / begun.elapsed().as_secs_f64());
        }
    }
    Err("no round was counted".into())
}
