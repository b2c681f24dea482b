use futures::future::join_all;
use offhook_model::id::{AccountId, ApiKeyId};

use super::{ALL, Fixture, account, at, call, number, on_both};
use crate::{ApiKey, ApiKeySecret, DeleteSubAccount, InsertNumberError, Page, Store, SubAccount};

on_both!(
    sub_accounts_are_listed_newest_first_and_renamed,
    a_sub_account_that_holds_numbers_stays,
    a_deleted_sub_account_is_never_found_again,
    buying_and_deleting_at_once_leave_no_number_behind,
    stats_count_what_happened_in_each,
);

async fn sub(store: &Store, parent: &AccountId, second: i64) -> SubAccount {
    let sub = SubAccount {
        id: AccountId::new_sub(at(second), rand::random()),
        parent_id: parent.clone(),
        name: format!("sub {second}"),
        created_at: at(second),
        updated_at: at(second),
    };
    store.create_sub_account(&sub).await.unwrap();
    sub
}

async fn sub_accounts_are_listed_newest_first_and_renamed(Fixture { store, .. }: Fixture) {
    let (ada, bob) = (account(&store, "Ada").await, account(&store, "Bob").await);
    let (first, second) = (sub(&store, &ada, 1).await, sub(&store, &ada, 2).await);
    sub(&store, &bob, 3).await;
    let page = store.sub_accounts(&ada, Page { limit: 1, offset: 0 }).await.unwrap();
    assert_eq!((page.total, page.has_more, &page.data[..]), (2, true, &[second][..]));
    let renamed = store.rename_sub_account(&ada, &first.id, "new", at(9)).await.unwrap();
    assert_eq!(renamed, Some(SubAccount { name: "new".into(), updated_at: at(9), ..first.clone() }));
    assert_eq!(store.rename_sub_account(&bob, &first.id, "stolen", at(9)).await.unwrap(), None);
    assert_eq!(store.delete_sub_account(&bob, &first.id, at(9)).await.unwrap(), DeleteSubAccount::Missing);
}

async fn a_sub_account_that_holds_numbers_stays(Fixture { store, .. }: Fixture) {
    let ada = account(&store, "Ada").await;
    let child = sub(&store, &ada, 1).await.id;
    let held = number(&child, "+14155550100", 1);
    store.insert_number(&held, None).await.unwrap();
    let kept = store.delete_sub_account(&ada, &child, at(2)).await.unwrap();
    assert_eq!(kept, DeleteSubAccount::HoldsNumbers(1));
    store.release_number(&child, &held.id).await.unwrap();
    assert_eq!(store.delete_sub_account(&ada, &child, at(2)).await.unwrap(), DeleteSubAccount::Deleted);
}

async fn a_deleted_sub_account_is_never_found_again(Fixture { store, .. }: Fixture) {
    let ada = account(&store, "Ada").await;
    let child = sub(&store, &ada, 1).await.id;
    let secret = ApiKeySecret::generate();
    let key = ApiKey {
        id: ApiKeyId::new(at(0), rand::random()),
        account_id: child.clone(),
        name: String::new(),
        hash: secret.hash(),
        last4: secret.last4(),
        created_at: at(0),
        revoked_at: None,
        last_used_at: None,
    };
    store.create_api_key(&key).await.unwrap();
    assert!(store.authenticate(&secret.hash(), at(1)).await.unwrap().is_some());
    store.delete_sub_account(&ada, &child, at(2)).await.unwrap();
    assert_eq!(store.sub_account(&ada, &child).await.unwrap(), None);
    assert_eq!(store.sub_accounts(&ada, ALL).await.unwrap().total, 0);
    assert_eq!(store.authenticate(&secret.hash(), at(3)).await.unwrap(), None);
    assert_eq!(store.rename_sub_account(&ada, &child, "x", at(3)).await.unwrap(), None);
    assert_eq!(store.delete_sub_account(&ada, &child, at(3)).await.unwrap(), DeleteSubAccount::Missing);
    let bought = store.insert_number(&number(&child, "+14155550100", 1), Some(10)).await;
    assert!(matches!(bought, Err(InsertNumberError::AccountMissing)));
}

async fn buying_and_deleting_at_once_leave_no_number_behind(Fixture { store, .. }: Fixture) {
    let ada = account(&store, "Ada").await;
    let races = (0..20).map(|round| {
        let (store, ada) = (store.clone(), ada.clone());
        async move {
            let child = sub(&store, &ada, round).await.id;
            let wanted = number(&child, &format!("+1415555{round:04}"), round);
            let (bought, deleted) = futures::join!(
                store.insert_number(&wanted, None),
                store.delete_sub_account(&ada, &child, at(round))
            );
            let deleted = deleted.unwrap() == DeleteSubAccount::Deleted;
            assert_ne!(bought.is_ok(), deleted, "one of both, never both");
        }
    });
    join_all(races).await;
}

async fn stats_count_what_happened_in_each(Fixture { store, .. }: Fixture) {
    let ada = account(&store, "Ada").await;
    let (busy, idle) = (sub(&store, &ada, 1).await.id, sub(&store, &ada, 2).await.id);
    for second in [9, 10, 11] {
        store.insert_call(&call(&busy, second), None).await.unwrap();
        store.insert_call(&call(&ada, second), None).await.unwrap();
    }
    let stats = store.sub_account_stats(&ada, at(10)).await.unwrap();
    let of = |id| stats.iter().find(|stats| stats.id == id).map(|stats| (stats.messages, stats.calls));
    assert_eq!((of(busy), of(idle), stats.len()), (Some((0, 2)), Some((0, 0)), 2));
}
