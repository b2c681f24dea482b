use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;

use super::{Fixture, account, call, event, on_both, with_sqlite};
use crate::{Store, StoreError, StoreOptions};

on_both!(a_database_that_is_well_says_so);

crate::statement::statements! {
    FREE = "DELETE FROM events";
}

async fn a_database_that_is_well_says_so(Fixture { store, .. }: Fixture) {
    for _ in 0..3 {
        store.examine("boot-1").await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn a_full_database_is_noticed_until_there_is_room_again() {
    with_sqlite(|Fixture { store, .. }| async move {
        let owner = account(&store, "Ada").await;
        store.write(|tx| Box::pin(tx.script("PRAGMA max_page_count = 400"))).await.unwrap();
        let mut second = 0;
        let full = loop {
            let mut event = event(&owner, second);
            event.body = "x".repeat(30_000);
            match store.insert_event(&event).await {
                Ok(()) => second += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(full, StoreError::Full { .. }), "{full:?}");
        for _ in 0..2 {
            assert!(matches!(store.examine("boot-1").await, Err(StoreError::Full { .. })));
        }
        assert!(!store.lost_calls("boot-2", super::at(0), 1).await.unwrap().iter().any(|_| true), "it reads");
        store.execute(&FREE, Vec::new()).await.unwrap();
        store.examine("boot-1").await.unwrap();
        store.insert_call(&call(&owner, 0), None).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn behind_a_disk_that_hangs_nobody_waits_without_end_and_nothing_happens_late() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/offhook.db", directory.path().display());
    let options = StoreOptions { patience: Duration::from_millis(300), ..StoreOptions::default() };
    let store = Store::connect(&url, options).await.unwrap();
    let owner = account(&store, "Ada").await;
    let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let hanging = tokio::spawn({
        let (store, begun, release) = (store.clone(), Arc::clone(&begun), Arc::clone(&release));
        async move {
            store
                .write(move |_| {
                    let (begun, release) = (Arc::clone(&begun), Arc::clone(&release));
                    Box::pin(async move {
                        begun.notify_one();
                        release.notified().await;
                        Ok(())
                    })
                })
                .await
        }
    });
    begun.notified().await;
    let refused = call(&owner, 0);
    let told = store.insert_call(&refused, None).await.unwrap_err();
    assert!(told.to_string().contains("unavailable"), "{told:?}");
    // The one that has begun is told, too, only later: it may come about.
    assert!(matches!(hanging.await.unwrap(), Err(StoreError::Unavailable { .. })));
    let unwell = store.examine("boot-1").await.unwrap_err();
    assert!(unwell.is_timeout(), "{unwell:?}");

    release.notify_one();
    store.insert_call(&call(&owner, 1), None).await.unwrap();
    assert!(store.call(&owner, &refused.id).await.unwrap().is_none(), "what was refused never happens");
    store.examine("boot-1").await.unwrap();
}
