use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use futures::future::join_all;

use super::{Fixture, account, call, on_both, with_sqlite};
use crate::{Store, StoreOptions};

on_both!(what_was_acknowledged_is_there_after_reopening);

async fn what_was_acknowledged_is_there_after_reopening(fixture: Fixture) {
    let owner = account(&fixture.store, "Ada").await;
    let calls: Vec<_> = (0..300).map(|second| call(&owner, second)).collect();
    for result in join_all(calls.iter().map(|call| fixture.store.insert_call(call, None))).await {
        result.unwrap();
    }
    fixture.store.close().await;
    let again = Store::connect(&fixture.url, StoreOptions::default()).await.unwrap();
    assert_eq!(again.open_calls(&owner).await.unwrap(), 300);
}

#[tokio::test]
async fn closing_serves_what_is_queued() {
    with_sqlite(|Fixture { store, url }| async move {
        let owner = account(&store, "Ada").await;
        let calls: Vec<_> = (0..600).map(|second| call(&owner, second)).collect();
        // Polled in order: every insert is queued before the closing.
        let (stored, ()) =
            futures::join!(join_all(calls.iter().map(|call| store.insert_call(call, None))), store.close());
        let acknowledged = stored.iter().filter(|result| result.is_ok()).count();
        assert_eq!(acknowledged, 600);
        let again = Store::connect(&url, StoreOptions::default()).await.unwrap();
        assert_eq!(again.open_calls(&owner).await.unwrap(), 600);
    })
    .await;
}

const CHILD_URL: &str = "OFFHOOK_TEST_CHILD_URL";

/// A process that writes until it is killed, and says what is acknowledged.
#[tokio::test]
#[ignore = "the child process of an_acknowledged_write_survives_kill_9"]
async fn writing_child() {
    let store = Store::connect(&std::env::var(CHILD_URL).unwrap(), StoreOptions::default()).await.unwrap();
    let owner = account(&store, "Ada").await;
    for round in 0.. {
        let calls: Vec<_> = (0..16).map(|i| call(&owner, round * 16 + i)).collect();
        for (call, stored) in
            calls.iter().zip(join_all(calls.iter().map(|call| store.insert_call(call, None))).await)
        {
            stored.unwrap();
            writeln!(std::io::stdout(), "\nstored {} {}", owner.as_str(), call.id).unwrap();
        }
    }
}

#[tokio::test]
async fn an_acknowledged_write_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/offhook.db", directory.path().display());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::durability::writing_child", "--ignored", "--nocapture"])
        .env(CHILD_URL, &url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut acknowledged: Vec<String> =
        lines.by_ref().filter(|line| line.starts_with("stored ")).take(500).collect();
    child.kill().unwrap();
    acknowledged.extend(lines.filter(|line| line.starts_with("stored ")));
    child.wait().unwrap();
    assert!(acknowledged.len() >= 500, "the child wrote {} rows", acknowledged.len());

    let store = Store::connect(&url, StoreOptions::default()).await.unwrap();
    for line in acknowledged {
        // The last line may be cut off by the kill.
        let mut words = line.split(' ').skip(1);
        let (Some(owner), Some(id)) = (words.next(), words.next()) else { continue };
        if id.len() == "call_".len() + 36 {
            assert!(store.call(&owner.into(), &id.into()).await.unwrap().is_some(), "{id} is gone");
        }
    }
}
