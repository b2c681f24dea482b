//! From an event's commit to its arrival, at a steady load.

use std::time::{Duration, Instant};

use offhook_model::id::AgentId;
use offhook_server::{
    deliver::Deliverer,
    webhooks::{Addressed, Written},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::stage::{Failure, Spread, Stage};

const LASTS: Duration = Duration::from_secs(8);
/// Longest wait for the last events.
const PATIENCE: Duration = Duration::from_secs(20);

/// Commits `rate` events a second, to a hundred endpoints in turn, of which one
/// may hang; the times of the others.
pub async fn measure(stage: &Stage, rate: f64, hanging: bool) -> Result<Spread, Failure> {
    stage.webhook("agt_0", stage.sink.url(if hanging { "hang" } else { "ok" })).await?;
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Deliverer::new(stage.app.clone()).run(stop.clone()));
    let begun = Instant::now();
    let mut commits = JoinSet::new();
    let events = (rate * LASTS.as_secs_f64()) as usize;
    for n in 0..events {
        let due = begun + Duration::from_secs_f64(n as f64 / rate);
        tokio::time::sleep_until(due.into()).await;
        let (app, account) = (stage.app.clone(), stage.account.clone());
        commits.spawn(async move {
            let id = uuid::Uuid::new_v4().to_string();
            let target = Some(AgentId::from(format!("agt_{}", n % 100)));
            let order = Some(format!("conv_{}", n % 5_000));
            let event = Addressed { account, target, subject: None, order }.written(Written {
                delivery_id: id.clone(),
                event: "agent.message".to_owned(),
                channel: "sms".to_owned(),
                agent: None,
                body: format!("{{\"event\":\"agent.message\",\"text\":\"{}\"}}", "x".repeat(500)),
                at: app.now(),
            });
            app.store().insert_event(&event).await.map(|()| {
                app.calls().outbox.notify_one();
                (n, id, Instant::now())
            })
        });
    }
    let committed = commits.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let watched: Vec<_> = committed.into_iter().filter(|(n, ..)| !hanging || n % 100 != 0).collect();
    let until = Instant::now() + PATIENCE;
    let mut times = Vec::with_capacity(watched.len());
    for (_, id, committed) in watched {
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
    stop.cancel();
    if !hanging {
        worker.await?;
    }
    Ok(Spread(times))
}
