use futures::future::join_all;
use offhook_model::id::ApiKeyId;

use super::{Fixture, account, at, on_both};
use crate::{Account, ApiKey, ApiKeySecret, KeyPolicy};

on_both!(
    a_key_works_until_it_is_revoked,
    only_the_owner_revokes_a_key,
    the_last_use_is_stored_to_the_minute,
    a_sub_account_is_found_by_its_parent_only,
    bootstrap_makes_one_account_and_one_key_for_any_number_of_nodes,
    a_configured_key_is_added_later_and_stays_revoked,
);

fn key(account: &str, secret: &ApiKeySecret) -> ApiKey {
    ApiKey {
        id: ApiKeyId::new(at(0), rand::random()),
        account_id: account.into(),
        name: "first".into(),
        hash: secret.hash(),
        last4: secret.last4(),
        created_at: at(0),
        revoked_at: None,
        last_used_at: None,
    }
}

fn first() -> Account {
    let id = offhook_model::id::AccountId::new(at(0), rand::random());
    Account { id, parent_id: None, name: "main".into(), created_at: at(0) }
}

async fn a_key_works_until_it_is_revoked(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let secret = ApiKeySecret::generate();
    let key = key(owner.as_str(), &secret);
    store.create_api_key(&key).await.unwrap();
    let found = store.authenticate(&secret.hash(), at(1)).await.unwrap().unwrap();
    assert_eq!((found.account_id, found.key_id), (owner.clone(), key.id.clone()));
    assert_eq!(store.authenticate(&ApiKeySecret::generate().hash(), at(1)).await.unwrap(), None);
    assert!(store.revoke_api_key(&owner, &key.id, at(2)).await.unwrap());
    assert!(!store.revoke_api_key(&owner, &key.id, at(3)).await.unwrap());
    assert_eq!(store.authenticate(&secret.hash(), at(4)).await.unwrap(), None);
    assert_eq!(store.api_keys(&owner).await.unwrap()[0].revoked_at, Some(at(2)));
}

async fn only_the_owner_revokes_a_key(Fixture { store, .. }: Fixture) {
    let (owner, other) = (account(&store, "Ada").await, account(&store, "Eve").await);
    let secret = ApiKeySecret::generate();
    let key = key(owner.as_str(), &secret);
    store.create_api_key(&key).await.unwrap();
    assert!(!store.revoke_api_key(&other, &key.id, at(2)).await.unwrap());
    assert!(store.api_keys(&other).await.unwrap().is_empty());
    assert!(store.authenticate(&secret.hash(), at(3)).await.unwrap().is_some());
}

async fn the_last_use_is_stored_to_the_minute(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let secret = ApiKeySecret::generate();
    store.create_api_key(&key(owner.as_str(), &secret)).await.unwrap();
    for (now, stored) in [(100, 100), (130, 100), (160, 160)] {
        store.authenticate(&secret.hash(), at(now)).await.unwrap();
        assert_eq!(store.api_keys(&owner).await.unwrap()[0].last_used_at, Some(at(stored)));
    }
}

async fn a_sub_account_is_found_by_its_parent_only(Fixture { store, .. }: Fixture) {
    let (parent, other) = (account(&store, "Ada").await, account(&store, "Eve").await);
    let sub = Account {
        id: "sub_1".into(),
        parent_id: Some(parent.clone()),
        name: "Client".into(),
        created_at: at(1),
    };
    store.create_account(&sub).await.unwrap();
    assert_eq!(store.sub_account(&parent, &sub.id).await.unwrap(), Some(sub.clone()));
    assert_eq!(store.sub_account(&other, &sub.id).await.unwrap(), None);
    assert_eq!(store.sub_account(&parent, &other).await.unwrap(), None);
}

async fn bootstrap_makes_one_account_and_one_key_for_any_number_of_nodes(Fixture { store, .. }: Fixture) {
    let starts = (0..8)
        .map(|_| store.ensure_bootstrap(first(), key("", &ApiKeySecret::generate()), KeyPolicy::IfNone));
    let made: Vec<_> = join_all(starts).await.into_iter().map(Result::unwrap).collect();
    assert!(made.iter().all(|one| one.account_id == made[0].account_id));
    let stored = store.api_keys(&made[0].account_id).await.unwrap().len();
    assert_eq!(made.iter().filter(|one| one.key_created).count(), stored);
    assert_eq!(stored, 1);
}

async fn a_configured_key_is_added_later_and_stays_revoked(Fixture { store, .. }: Fixture) {
    let secret = ApiKeySecret::from_text("sk_live_configured");
    store.ensure_bootstrap(first(), key("", &ApiKeySecret::generate()), KeyPolicy::IfNone).await.unwrap();
    let configured = key("", &secret);
    let made = store.ensure_bootstrap(first(), configured.clone(), KeyPolicy::Configured).await.unwrap();
    assert!(made.key_created);
    assert!(store.authenticate(&secret.hash(), at(1)).await.unwrap().is_some());
    store.revoke_api_key(&made.account_id, &configured.id, at(2)).await.unwrap();
    let again = store.ensure_bootstrap(first(), key("", &secret), KeyPolicy::Configured).await.unwrap();
    assert!(!again.key_created);
    assert_eq!(store.authenticate(&secret.hash(), at(3)).await.unwrap(), None);
}
