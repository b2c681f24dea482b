use futures::future::join_all;

use super::{Fixture, account, agent, at, call, on_both, with_sqlite};
use crate::{Account, Store, StoreError, StoreOptions, value::args};

on_both!(
    an_unknown_owner_is_dangling,
    the_same_id_twice_is_a_conflict,
    a_damaged_row_is_an_error,
    nul_in_text_is_no_fault,
    a_failing_write_leaves_no_trace_and_hurts_nobody,
    a_closed_store_says_so,
    a_panicking_operation_does_not_take_the_store_with_it,
);

crate::statement::statements! {
    DAMAGE_AGENT = "UPDATE agents SET settings = '{'";
    DAMAGE_CALL = "UPDATE calls SET state = 'dancing'";
    RENAME = "UPDATE accounts SET name = $2 WHERE id = $1";
}

async fn an_unknown_owner_is_dangling(Fixture { store, .. }: Fixture) {
    let error = store.insert_event(&super::event(&"acct_nobody".into(), 0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Dangling), "{error:?}");
}

async fn the_same_id_twice_is_a_conflict(Fixture { store, .. }: Fixture) {
    let account = account(&store, "Ada").await;
    let agent = agent(&store, &account, 0).await;
    let error = store.create_agent(&agent).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
}

async fn a_damaged_row_is_an_error(Fixture { store, .. }: Fixture) {
    let account = account(&store, "Ada").await;
    let agent = agent(&store, &account, 0).await;
    let call = call(&account, 0);
    store.insert_call(&call, None).await.unwrap();
    store.execute(&DAMAGE_AGENT, args![]).await.unwrap();
    store.execute(&DAMAGE_CALL, args![]).await.unwrap();
    let error = store.agent(&account, &agent.id).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    let error = store.call(&account, &call.id).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

async fn nul_in_text_is_no_fault(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "A\0da").await;
    assert_eq!(store.account(&owner).await.unwrap().unwrap().name, "A\u{fffd}da");
    assert_eq!(store.agent(&owner, &"agt_\0".into()).await.unwrap(), None);
    let filter = crate::CallFilter { search: Some("\0".into()), ..Default::default() };
    assert_eq!(store.calls(&owner, &filter, super::ALL).await.unwrap().total, 0);
}

/// Some operations write and then fail; the good ones among them stay.
async fn a_failing_write_leaves_no_trace_and_hurts_nobody(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let good: Vec<_> = (0..40).map(|second| call(&owner, second)).collect();
    let bad = (0..40).map(|_| {
        let owner = owner.clone();
        store.write(move |tx| {
            let owner = owner.clone();
            Box::pin(async move {
                tx.execute(&RENAME, args![&owner, "Eve"]).await?;
                Err::<(), _>(StoreError::Dangling)
            })
        })
    });
    let (stored, failed) =
        futures::join!(join_all(good.iter().map(|call| store.insert_call(call, None))), join_all(bad));
    assert!(stored.into_iter().all(|result| result.is_ok()));
    assert!(failed.into_iter().all(|result| matches!(result, Err(StoreError::Dangling))));
    assert_eq!(store.account(&owner).await.unwrap().unwrap().name, "Ada");
    assert_eq!(store.open_calls(&owner).await.unwrap(), 40);
}

async fn a_closed_store_says_so(Fixture { store, .. }: Fixture) {
    let account = account(&store, "Ada").await;
    store.close().await;
    assert!(matches!(store.ping().await, Err(StoreError::Closed)));
    let late = Account { id: "acct_late".into(), parent_id: None, name: "late".into(), created_at: at(0) };
    assert!(matches!(store.create_account(&late).await, Err(StoreError::Closed)));
    assert!(matches!(store.agents(&account, super::ALL).await, Err(StoreError::Closed)));
}

async fn a_panicking_operation_does_not_take_the_store_with_it(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let (doomed, id) = (store.clone(), owner.clone());
    let task = tokio::spawn(async move {
        doomed
            .write::<(), _>(move |tx| {
                let id = id.clone();
                Box::pin(async move {
                    tx.execute(&RENAME, args![&id, "Eve"]).await?;
                    panic!("the panic of this test")
                })
            })
            .await
    });
    // PostgreSQL runs it in the caller's task, SQLite in the writer's.
    match task.await {
        Ok(result) => assert!(matches!(result, Err(StoreError::Aborted))),
        Err(join) => assert!(join.is_panic()),
    }
    assert_eq!(store.account(&owner).await.unwrap().unwrap().name, "Ada");
    account(&store, "Bob").await;
}

#[tokio::test]
async fn other_urls_are_refused_without_being_repeated() {
    for url in
        ["mysql://root:hunter2@host/db", "sqlite://", "sqlite://:memory:", "postgres://u:hunter2@h:x/db"]
    {
        let error = Store::connect(url, StoreOptions::default()).await.unwrap_err();
        assert!(matches!(error, StoreError::Address { .. }), "{url}: {error:?}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_corrupt() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("offhook.db");
    std::fs::write(
        &path,
        "this is a letter, not a database, and long enough to be read as a header ".repeat(20),
    )
    .unwrap();
    let url = format!("sqlite://{}", path.display());
    let error = Store::connect(&url, StoreOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn a_full_database_is_told_apart_and_the_store_goes_on() {
    with_sqlite(|Fixture { store, .. }| async move {
        let owner = account(&store, "Ada").await;
        store.write(|tx| Box::pin(tx.script("PRAGMA max_page_count = 60"))).await.unwrap();
        let mut event = super::event(&owner, 0);
        event.body = "x".repeat(1_000_000);
        let error = store.insert_event(&event).await.unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        store.insert_call(&call(&owner, 0), None).await.unwrap();
        store.ping().await.unwrap();
    })
    .await;
}
