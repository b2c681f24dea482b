//! Killed at random points under load, it loses nothing that it accepted and
//! does nothing twice (`docs/RELIABILITY.md`).
//!
//! Each round starts the real binary on the data of the round before, with
//! calls that carry audio, texts and webhooks going on, and lets it die: at a
//! random failpoint, or by kill -9 at a random moment. In the end everything
//! that was acknowledged, and everything that left the process, is counted.
//!
//! `OFFHOOK_CHAOS_ROUNDS` (10) and `OFFHOOK_CHAOS_SEED` (1) lengthen it and
//! repeat a run. The seed fixes when and how the process dies; what it is
//! doing at that moment is up to the machine.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "the figures are for docs/RELIABILITY.md")]

#[path = "chaos/death.rs"]
mod death;
#[path = "chaos/ledger.rs"]
mod ledger;
#[path = "chaos/load.rs"]
mod load;
#[path = "chaos/outside.rs"]
mod outside;
#[path = "support/server.rs"]
mod server;
#[path = "chaos/verdict.rs"]
mod verdict;
#[path = "chaos/world.rs"]
mod world;

use server::Db;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_points_it_loses_nothing_and_does_nothing_twice_on_sqlite() {
    killed_at_random_points_it_loses_nothing_and_does_nothing_twice(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_points_it_loses_nothing_and_does_nothing_twice_on_postgresql() {
    killed_at_random_points_it_loses_nothing_and_does_nothing_twice(Db::Postgres).await;
}

async fn killed_at_random_points_it_loses_nothing_and_does_nothing_twice(db: Db) {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
    };
    let (rounds, seed) = (number("OFFHOOK_CHAOS_ROUNDS", 10), number("OFFHOOK_CHAOS_SEED", 1));
    println!("{db:?}: {rounds} rounds, seed {seed}");
    let mut world = world::World::start(db).await;
    for round in 0..rounds {
        let death = world.round(death::Plan::draw(seed, round)).await;
        println!("{db:?} round {round}: {death}");
    }
    let verdict = world.verdict(rounds > 10).await;
    println!("{verdict}");
    assert!(verdict.faults.is_empty(), "seed {seed}: {:#?}", verdict.faults);
}
