//! The rollups are the sums of what they count, whatever happens.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    time::Duration,
};

use futures::{StreamExt as _, future::join_all, stream};
use offhook_model::{
    Timestamp,
    call::{CallState, Direction, EndReason},
    id::{AccountId, AgentId, NumberId, UsageId},
    usage::{LedgerEntry, Payment, UsageKind},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{BOOT, Fixture, account, at, call, event, on_both, with_postgres, with_sqlite};
use crate::{
    Attempt, Bulk, Db, EndCall, Store, StoreError, StoreOptions, Verdict,
    row::Row,
    statement::Statement,
    usage::{
        charge,
        tally::{DAY_MS, QUARTER_MS},
    },
    value::args,
};

on_both!(
    rollups_are_the_sums_of_the_ledger_also_of_aborted_work,
    rows_by_the_thousand_count_like_single_ones,
    what_was_there_before_the_counters_is_counted,
);

crate::statement::statements! {
    LEDGER = "SELECT account_id, kind, at, agent_id, number_id, quantity, amount_micros FROM usage_events";
    CALLS = "SELECT account_id, 'call' AS kind, started_at AS at, began_with AS agent_id, number_id,
        CAST(0 AS BIGINT) AS quantity, CAST(0 AS BIGINT) AS amount_micros FROM calls";
    COMPLETED = "SELECT account_id, 'call_completed' AS kind, ended_at AS at, began_with AS agent_id, number_id,
        talk_time_ms / 1000 AS quantity, CAST(0 AS BIGINT) AS amount_micros FROM calls WHERE status = 'completed'";
    DELIVERIES = "SELECT account_id, 'delivery' AS kind, created_at AS at, CAST(0 AS BIGINT) AS quantity,
        CAST(0 AS BIGINT) AS amount_micros FROM events
        UNION ALL SELECT account_id, 'delivery_' || status, created_at, 0, 0 FROM events WHERE status <> 'pending'";
    ROLLUPS = "SELECT * FROM usage_rollups";
    OPEN_COUNTS = "SELECT * FROM call_counts";
    COUNTED_CALLS = "SELECT account_id, began_with AS agent_id, number_id, started_at AS at, direction, fine_word
        FROM calls";
}

/// PostgreSQL only.
static WORKING: Statement = Statement::new(
    "working",
    "SELECT COUNT(*) AS working FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid() AND state <> 'idle'",
);

type Sums = BTreeMap<String, (i64, i64, i64)>;

fn add(sums: &mut Sums, key: String, n: (i64, i64, i64)) {
    let sum = sums.entry(key).or_default();
    *sum = (sum.0 + n.0, sum.1 + n.1, sum.2 + n.2);
}

async fn rows(store: &Store, statement: &'static Statement) -> Vec<Row> {
    store.read().await.unwrap().all(statement, args![]).await.unwrap()
}

/// Compares every rollup and counter with what it counts.
pub(super) async fn check(store: &Store) -> usize {
    let mut expected = Sums::new();
    let mut counted = 0;
    for (statement, has_parties) in
        [(&LEDGER, true), (&CALLS, true), (&COMPLETED, true), (&DELIVERIES, false)]
    {
        for row in rows(store, statement).await {
            counted += 1;
            let [account, kind] = ["account_id", "kind"].map(|column| row.text(column).unwrap());
            let party = |column: &str| {
                if has_parties { row.opt_text(column).unwrap().unwrap_or_default() } else { String::new() }
            };
            let (agent, number) = (party("agent_id"), party("number_id"));
            let at = row.int("at").unwrap();
            let (day, quarter) = (at.div_euclid(DAY_MS), at.div_euclid(QUARTER_MS));
            let n = (1, row.int("quantity").unwrap(), row.int("amount_micros").unwrap());
            add(&mut expected, format!("{account} t 0 {kind}  {number}"), n);
            add(&mut expected, format!("{account} d {day} {kind}  "), n);
            add(&mut expected, format!("{account} q {quarter} {kind}  "), n);
            if has_parties {
                add(&mut expected, format!("{account} da {day} {kind} {agent} "), n);
                add(&mut expected, format!("{account} qa {quarter} {kind} {agent} "), n);
            }
        }
    }
    let mut found = Sums::new();
    for row in rows(store, &ROLLUPS).await {
        let [account, grain, kind, agent, number] =
            ["account_id", "grain", "kind", "agent_id", "number_id"].map(|column| row.text(column).unwrap());
        let n = ["n", "quantity", "amount_micros"].map(|column| row.int(column).unwrap());
        let slot = row.int("slot").unwrap();
        add(&mut found, format!("{account} {grain} {slot} {kind} {agent} {number}"), (n[0], n[1], n[2]));
    }
    // What was replayed is taken back, and may leave a row of nothing.
    found.retain(|_, n| *n != (0, 0, 0));
    assert_same(&found, &expected);
    assert_same(&call_counts(store).await, &counted_calls(store).await);
    counted
}

/// Shows only what differs.
#[track_caller]
fn assert_same(found: &Sums, expected: &Sums) {
    let keys = found.keys().chain(expected.keys());
    let differences: Vec<_> = keys
        .map(|key| (key, found.get(key), expected.get(key)))
        .filter(|(_, found, expected)| found != expected)
        .collect();
    assert!(differences.is_empty(), "found, expected: {differences:#?}");
}

async fn call_counts(store: &Store) -> Sums {
    let mut sums = Sums::new();
    for row in rows(store, &OPEN_COUNTS).await {
        let [account, scope, direction, word] =
            ["account_id", "scope", "direction", "fine_word"].map(|column| row.text(column).unwrap());
        let (day, n) = (row.int("day").unwrap(), row.int("n").unwrap());
        add(&mut sums, format!("{account} {scope} {day} {direction} {word}"), (n, 0, 0));
    }
    sums.retain(|_, n| n.0 != 0);
    sums
}

async fn counted_calls(store: &Store) -> Sums {
    let mut sums = Sums::new();
    for row in rows(store, &COUNTED_CALLS).await {
        let [account, direction, word] =
            ["account_id", "direction", "fine_word"].map(|column| row.text(column).unwrap());
        let agent = row.opt_text("agent_id").unwrap().unwrap_or_else(|| "agt".into());
        let number = row.opt_text("number_id").unwrap().unwrap_or_else(|| "num".into());
        for scope in ["", &agent, &number] {
            for day in [-1, row.int("at").unwrap().div_euclid(DAY_MS)] {
                add(&mut sums, format!("{account} {scope} {day} {direction} {word}"), (1, 0, 0));
            }
        }
    }
    sums
}

fn entry(random: &mut StdRng, account: &AccountId, at: Timestamp) -> LedgerEntry {
    let word = UsageKind::WORDS[random.random_range(0..UsageKind::WORDS.len())];
    LedgerEntry {
        id: UsageId::new(at, random.random()),
        account_id: account.clone(),
        kind: UsageKind::from_word(word).unwrap(),
        quantity: random.random_range(0..100),
        amount_micros: random.random_range(0..1_000_000),
        agent_id: random
            .random_bool(0.7)
            .then(|| AgentId::from(format!("agt_{}", random.random_range(0..3)))),
        number_id: random
            .random_bool(0.7)
            .then(|| NumberId::from(format!("num_{}", random.random_range(0..3)))),
        // Some come twice.
        subject: format!("subject {}", random.random_range(0..40)),
        at,
        payment: [Payment::Metered, Payment::Owed, Payment::Prepaid][random.random_range(0..3)],
    }
}

/// One random piece of work; some of it fails on purpose.
async fn work(store: Store, account: AccountId, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let moment = at(random.random_range(0..4 * 24 * 3600));
    match seed % 5 {
        0 => drop(store.charge(entry(&mut random, &account, moment)).await.unwrap()),
        1 => {
            let entries = [entry(&mut random, &account, moment), entry(&mut random, &account, moment)];
            let failed = store.write(move |tx| {
                let entries = entries.clone();
                Box::pin(async move {
                    for entry in &entries {
                        let _recorded = charge(tx, entry).await?;
                    }
                    Err::<(), _>(StoreError::Dangling)
                })
            });
            assert!(failed.await.is_err());
        }
        2 => {
            let mut delivery = event(&account, 0);
            delivery.created_at = moment;
            let verdict = if random.random() { Verdict::Success } else { Verdict::Failed };
            let attempt = Attempt {
                http_status: None,
                error: None,
                response_body: None,
                at: moment,
                took: Duration::ZERO,
                verdict,
            };
            store.insert_delivery(&delivery, &attempt).await.unwrap();
            assert!(store.insert_event(&delivery).await.is_err(), "the same id again");
        }
        _ => a_call(&store, &account, moment, &mut random).await,
    }
}

async fn a_call(store: &Store, account: &AccountId, moment: Timestamp, random: &mut StdRng) {
    let mut call = call(account, 0);
    call.started_at = moment;
    call.direction = [Direction::Inbound, Direction::Outbound, Direction::Web][random.random_range(0..3)];
    call.agent_id =
        random.random_bool(0.8).then(|| AgentId::from(format!("agt_{}", random.random_range(0..3))));
    call.number_id =
        random.random_bool(0.8).then(|| NumberId::from(format!("num_{}", random.random_range(0..3))));
    store.insert_call(&call, None).await.unwrap();
    assert!(store.insert_call(&call, None).await.is_err(), "the same id again");
    for state in [CallState::Ringing, CallState::Answered] {
        if random.random() {
            store.transition_call(BOOT, account, &call.id, state, moment).await.unwrap();
        }
    }
    if random.random_bool(0.2) {
        return;
    }
    let state = match random.random_range(0..3) {
        0 => CallState::Completed(EndReason::UserHangup),
        1 => CallState::Failed(EndReason::DialBusy),
        _ => CallState::Failed(EndReason::Error),
    };
    let end = EndCall {
        owner: BOOT.into(),
        account_id: account.clone(),
        call_id: call.id.clone(),
        state,
        at: moment,
        talk_time: Duration::from_millis(random.random_range(0..100_000)),
        recording: None,
        charges: vec![LedgerEntry { payment: Payment::Owed, ..entry(random, account, moment) }],
        events: vec![event(account, random.random_range(0..100))],
    };
    let ends = join_all([store.end_call(end.clone()), store.end_call(end)]).await;
    assert_eq!(ends.into_iter().filter(|ended| matches!(ended, Ok(true))).count(), 1);
}

async fn rollups_are_the_sums_of_the_ledger_also_of_aborted_work(Fixture { store, .. }: Fixture) {
    let (ada, bob) = (account(&store, "Ada").await, account(&store, "Bob").await);
    store.credit(&ada, 2_000_000, "", at(0)).await.unwrap();
    stream::iter(0..300_u64)
        .for_each_concurrent(12, |seed| {
            work(store.clone(), if seed % 7 == 0 { bob.clone() } else { ada.clone() }, seed)
        })
        .await;
    assert!(check(&store).await > 200);
}

async fn rows_by_the_thousand_count_like_single_ones(Fixture { store, .. }: Fixture) {
    let (owner, other) = (account(&store, "Ada").await, account(&store, "Bob").await);
    a_call(&store, &other, at(0), &mut StdRng::seed_from_u64(1)).await;
    store.fill(Bulk::Calls, &owner, 700, at(0), 3_600_000).await.unwrap();
    store.fill(Bulk::Ledger, &owner, 900, at(0), 1_800_000).await.unwrap();
    store.fill(Bulk::Threads, &owner, 50_000, at(0), 1).await.unwrap();
    store.fill(Bulk::Messages, &owner, 100, at(0), 1).await.unwrap();
    assert!(check(&store).await > 1_600);
}

/// The end of the migration, on a database that has forgotten its counters.
async fn what_was_there_before_the_counters_is_counted(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let calls_and_deliveries = (0..80_u64).filter(|seed| seed % 5 > 1);
    stream::iter(calls_and_deliveries)
        .for_each_concurrent(8, |seed| work(store.clone(), owner.clone(), seed))
        .await;
    let migration = include_str!("../../migrations/0003_usage.sql");
    let (_, backfill) = migration.split_once("-- What was there before.").unwrap();
    store
        .write(move |tx| {
            Box::pin(async move {
                // The ledger is younger than its rollups: what it holds is not counted again.
                tx.script("DELETE FROM usage_rollups; DELETE FROM call_counts; DELETE FROM usage_events")
                    .await?;
                tx.script(backfill).await
            })
        })
        .await
        .unwrap();
    assert!(check(&store).await > 80);
}

const CHILD_URL: &str = "OFFHOOK_TEST_USAGE_CHILD_URL";

/// A process that works until it is killed.
#[tokio::test]
#[ignore = "the child process of rollups_survive_kill_9"]
async fn working_child() {
    let store = Store::connect(&std::env::var(CHILD_URL).unwrap(), StoreOptions::default()).await.unwrap();
    let owner = account(&store, "Ada").await;
    for round in 0.. {
        join_all((0..12).map(|i| work(store.clone(), owner.clone(), round * 12 + i))).await;
        writeln!(std::io::stdout(), "\nround {round}").unwrap();
    }
}

async fn working(store: &Store) -> i64 {
    store.read().await.unwrap().one(&WORKING, args![]).await.unwrap().int("working").unwrap()
}

/// Kills a working process in the middle of its work, three times.
async fn kill_and_check(fixture: Fixture) {
    for rounds in [3, 8, 5] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::rollups::working_child", "--ignored", "--nocapture"])
            .env(CHILD_URL, &fixture.url)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let seen = lines.filter(|line| line.starts_with("round ")).take(rounds).count();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(seen, rounds, "the child died by itself");
        // PostgreSQL finishes the statements of a client that is gone.
        while fixture.store.kind() == Db::Postgres && working(&fixture.store).await > 0 {
            tokio::task::yield_now().await;
        }
        assert!(check(&fixture.store).await > 12);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rollups_survive_kill_9_on_sqlite() {
    with_sqlite(kill_and_check).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rollups_survive_kill_9_on_postgres() {
    with_postgres(kill_and_check).await;
}
