//! From an event's commit to its arrival, at a steady load.

use std::time::{Duration, Instant};

use offhook_model::Timestamp;
use offhook_server::deliver::Deliverer;
use offhook_store::Bulk;
use tokio_util::sync::CancellationToken;

use crate::stage::{Failure, Spread, Stage};

const LASTS: Duration = Duration::from_secs(8);
/// Longest wait for the last events.
const PATIENCE: Duration = Duration::from_secs(20);
/// Events of one commit, one for each endpoint: what is measured is delivery,
/// not how many commits a second the database takes beside it.
const TOGETHER: i64 = 100;

/// Commits `rate` events a second, to a hundred endpoints, of which one may
/// hang; the times of the others.
pub async fn measure(stage: &Stage, rate: f64, hanging: bool) -> Result<Spread, Failure> {
    stage.webhook("agt_0", stage.sink.url(if hanging { "hang" } else { "ok" })).await?;
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Deliverer::new(stage.app.clone()).run(stop.clone()));
    let begun = Instant::now();
    let commits = (rate * LASTS.as_secs_f64()) as i64 / TOGETHER;
    let (mut committed, mut end) = (Vec::new(), 0);
    for n in 0..commits {
        let due = begun + Duration::from_secs_f64((n * TOGETHER) as f64 / rate);
        tokio::time::sleep_until(due.into()).await;
        // A millisecond each, all of them past, and none twice.
        let first = (stage.app.now().as_millisecond() - TOGETHER).max(end);
        end = first + TOGETHER;
        let at = Timestamp::from_millisecond(first)?;
        stage.app.store().fill(Bulk::Events, &stage.account, TOGETHER, at, 1).await?;
        committed.push((first, Instant::now()));
        stage.app.calls().outbox.notify_one();
    }
    let until = Instant::now() + PATIENCE;
    let mut times = Vec::new();
    for (first, committed) in committed {
        for n in i64::from(hanging)..TOGETHER {
            // As the bulk names them.
            let id = format!("dlv_{first}_{n}");
            let came = loop {
                match stage.sink.at(&id) {
                    Some(came) => break came,
                    None if Instant::now() > until => return Err("an event did not arrive in time".into()),
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            };
            // It may arrive before its committer is told.
            times.push(came.saturating_duration_since(committed).as_secs_f64() * 1_000.0);
        }
    }
    stop.cancel();
    if !hanging {
        worker.await?;
    }
    Ok(Spread(times))
}
