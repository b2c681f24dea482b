use futures::future::join_all;
use offhook_model::id::ApiKeyId;

use super::{Fixture, account, at, on_both};
use crate::{Claimed, IdempotencyClaim, IdempotencyScope, StoredAnswer};

on_both!(
    of_parallel_claims_one_wins,
    an_answer_is_found_under_its_key,
    only_the_claimant_completes_or_releases,
    an_old_key_is_free_again,
    old_keys_are_dropped_oldest_first,
    an_incarnation_lives_as_long_as_it_was_seen,
);

async fn claim(fixture: &Fixture, second: i64) -> IdempotencyClaim {
    IdempotencyClaim {
        scope: IdempotencyScope {
            account_id: account(&fixture.store, "Ada").await,
            key_id: ApiKeyId::from("key_1"),
            idempotency_key: "k".into(),
        },
        fingerprint: "f".into(),
        owner: "boot".into(),
        claim: format!("c{second}"),
        at: at(second),
    }
}

fn answer(body: &str) -> StoredAnswer {
    StoredAnswer { status: 201, content_type: Some("application/json".into()), body: Some(body.into()) }
}

async fn of_parallel_claims_one_wins(fixture: Fixture) {
    let first = claim(&fixture, 0).await;
    let tries = (0..50).map(|second| {
        let again = IdempotencyClaim { claim: format!("c{second}"), ..first.clone() };
        fixture.store.claim_idempotency(again, at(-100))
    });
    let won = join_all(tries).await.into_iter().filter(|claimed| *claimed.as_ref().unwrap() == Claimed::Yes);
    assert_eq!(won.count(), 1);
}

async fn an_answer_is_found_under_its_key(fixture: Fixture) {
    let (store, first) = (&fixture.store, claim(&fixture, 0).await);
    assert_eq!(store.claim_idempotency(first.clone(), at(-100)).await.unwrap(), Claimed::Yes);
    let Claimed::Earlier(open) = store.claim_idempotency(first.clone(), at(-100)).await.unwrap() else {
        panic!("it is taken")
    };
    assert_eq!((open.answer, open.owner.as_str(), open.claim.as_str()), (None, "boot", "c0"));
    assert!(store.complete_idempotency(&first.scope, "c0", answer("{}")).await.unwrap());
    let Claimed::Earlier(done) = store.claim_idempotency(first.clone(), at(-100)).await.unwrap() else {
        panic!("it is taken")
    };
    assert_eq!((done.answer, done.fingerprint.as_str()), (Some(answer("{}")), "f"));
    for scope in [
        IdempotencyScope { account_id: account(store, "Bob").await, ..first.scope.clone() },
        IdempotencyScope { key_id: ApiKeyId::from("key_2"), ..first.scope.clone() },
        IdempotencyScope { idempotency_key: "K".into(), ..first.scope.clone() },
    ] {
        let other = IdempotencyClaim { scope, ..first.clone() };
        assert_eq!(store.claim_idempotency(other, at(-100)).await.unwrap(), Claimed::Yes);
    }
}

async fn only_the_claimant_completes_or_releases(fixture: Fixture) {
    let (store, first) = (&fixture.store, claim(&fixture, 0).await);
    store.claim_idempotency(first.clone(), at(-100)).await.unwrap();
    assert!(!store.complete_idempotency(&first.scope, "other", answer("{}")).await.unwrap());
    assert!(!store.release_idempotency(&first.scope, "other").await.unwrap());
    assert!(store.release_idempotency(&first.scope, "c0").await.unwrap());
    assert_eq!(store.claim_idempotency(first.clone(), at(-100)).await.unwrap(), Claimed::Yes);
    assert!(store.complete_idempotency(&first.scope, "c0", answer("{}")).await.unwrap());
    assert!(!store.complete_idempotency(&first.scope, "c0", answer("[]")).await.unwrap(), "once");
    assert!(!store.release_idempotency(&first.scope, "c0").await.unwrap(), "an answer stays");
}

async fn an_old_key_is_free_again(fixture: Fixture) {
    let (store, first) = (&fixture.store, claim(&fixture, 0).await);
    store.claim_idempotency(first.clone(), at(-100)).await.unwrap();
    store.complete_idempotency(&first.scope, "c0", answer("{}")).await.unwrap();
    let again = IdempotencyClaim { claim: "c1".into(), at: at(100), ..first.clone() };
    let young = store.claim_idempotency(again.clone(), at(-1)).await.unwrap();
    assert!(matches!(young, Claimed::Earlier(_)));
    assert_eq!(store.claim_idempotency(again.clone(), at(0)).await.unwrap(), Claimed::Yes);
    assert!(!store.complete_idempotency(&first.scope, "c0", answer("late")).await.unwrap());
    assert!(store.complete_idempotency(&first.scope, "c1", answer("new")).await.unwrap());
}

async fn old_keys_are_dropped_oldest_first(fixture: Fixture) {
    let (store, first) = (&fixture.store, claim(&fixture, 0).await);
    for second in 0..5 {
        let scope = IdempotencyScope { idempotency_key: format!("k{second}"), ..first.scope.clone() };
        let new = IdempotencyClaim { scope, at: at(second), ..first.clone() };
        store.claim_idempotency(new, at(-100)).await.unwrap();
    }
    assert_eq!(store.forget_idempotency(at(3), 3).await.unwrap(), 3);
    assert_eq!(store.forget_idempotency(at(3), 3).await.unwrap(), 1);
    assert_eq!(store.forget_idempotency(at(3), 3).await.unwrap(), 0);
}

async fn an_incarnation_lives_as_long_as_it_was_seen(fixture: Fixture) {
    fixture.store.heartbeat("boot", at(10)).await.unwrap();
    assert!(fixture.store.is_incarnation_alive("boot", at(10)).await.unwrap());
    assert!(!fixture.store.is_incarnation_alive("boot", at(11)).await.unwrap());
    assert!(!fixture.store.is_incarnation_alive("other", at(0)).await.unwrap());
}
