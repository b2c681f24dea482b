//! What it costs to choose and claim behind events that may not be sent.

use std::time::{Duration, Instant};

use offhook_model::Timestamp;
use offhook_store::{Attempt, Bulk, Endpoint, Lane, Verdict};

use crate::stage::{Failure, Spread, Stage};

const ROUNDS: usize = 40;
const BATCH: u32 = 64;

/// The worker's own steps where the head of the lane is blocked: it looks at
/// the head, at the endpoints, at one row of each, and claims.
pub async fn measure(stage: &Stage, pending: i64) -> Result<Spread, Failure> {
    let store = stage.app.store();
    let ago = |ms: i64| Timestamp::from_millisecond(Timestamp::now().as_millisecond() - ms);
    // Due long before all others: they fill the head.
    store.fill(Bulk::DeadEvents, &stage.account, pending, ago(90_000_000 + pending * 10)?, 1).await?;
    store.analyze().await?;
    let blocked = Endpoint { account: stage.account.clone(), target: Some("agt_dead".into()) };
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        // Each in a second of its own, where there is nothing else.
        let second = ago(60_000_000 + pending - i64::try_from(round)? * 1_000)?;
        store.fill(Bulk::Events, &stage.account, 100, second, 1).await?;
        let begun = Instant::now();
        let now = stage.app.now();
        let head = store.due_events(Lane::First, now, 256).await?;
        let mut chosen: Vec<_> =
            head.into_iter().filter(|due| due.endpoint != blocked).map(|due| due.id).collect();
        for (endpoint, due) in store.waiting_endpoints(Lane::First, None, 256).await? {
            if endpoint != blocked && due <= now && chosen.len() < BATCH as usize {
                chosen.extend(store.due_events_of(Lane::First, &endpoint, now, 1).await?);
            }
        }
        let claimed = store.claim_events("bench", now, Duration::from_secs(150), &chosen).await?;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
        // Out of the way of the next round.
        let results = claimed.into_iter().map(|claimed| (claimed.lease, delivered(now))).collect();
        store.record_attempts(results).await?;
    }
    Ok(Spread(times))
}

fn delivered(at: Timestamp) -> Attempt {
    Attempt {
        http_status: Some(200),
        error: None,
        response_body: None,
        at,
        took: Duration::ZERO,
        verdict: Verdict::Success,
    }
}
