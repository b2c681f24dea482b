//! Prints how many durable calls per second a store takes.
//!
//! `cargo run --release -p offhook-store --example commit_rate -- sqlite:///tmp/rate.db`

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use futures::future::join_all;
use offhook_model::{
    Timestamp,
    call::{CallState, Direction},
    id::{AccountId, CallId},
};
use offhook_store::{Account, Call, CallService, Store, StoreOptions};

const SPAN: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("give the url of an empty database")?;
    let store = Store::connect(&url, StoreOptions::default()).await?;
    let now = Timestamp::now();
    let id = AccountId::new(now, rand::random());
    store
        .create_account(&Account { id: id.clone(), parent_id: None, name: "rate".into(), created_at: now })
        .await?;
    for callers in [1, 16, 128] {
        let started = Instant::now();
        let waits = join_all((0..callers).map(|_| caller(store.clone(), id.clone(), started))).await;
        let mut waits: Vec<_> =
            waits.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        waits.sort_unstable();
        let rate = waits.len() as f64 / started.elapsed().as_secs_f64();
        let at = |part: usize| waits.get(waits.len() * part / 100).copied().unwrap_or_default();
        writeln!(
            std::io::stdout(),
            "{callers:>4} callers: {rate:>6.0} durable calls/s, p50 {:?}, p99 {:?}",
            at(50),
            at(99)
        )?;
    }
    store.close().await;
    Ok(())
}

async fn caller(
    store: Store,
    account: AccountId,
    started: Instant,
) -> Result<Vec<Duration>, offhook_store::InsertCallError> {
    let mut waits = Vec::new();
    while started.elapsed() < SPAN {
        let now = Timestamp::now();
        let call = Call {
            id: CallId::new(now, rand::random()),
            account_id: account.clone(),
            agent_id: None,
            agent_name: None,
            number_id: None,
            phone_number: None,
            from: "+14155550100".into(),
            to: "+14155550101".into(),
            direction: Direction::Inbound,
            state: CallState::Dialing,
            started_at: now,
            answered_at: None,
            ended_at: None,
            talk_time: None,
            metadata: None,
            service: CallService::default(),
            recording_disabled: false,
            recording: None,
            owner: "rate".into(),
            checkpoint_at: None,
        };
        let before = Instant::now();
        store.insert_call(&call, None).await?;
        waits.push(before.elapsed());
    }
    Ok(waits)
}
