use futures::future::join_all;
use offhook_model::id::ApiKeyId;

use super::{Fixture, account, agent, at, on_both};
use crate::{Claimed, EarlierRequest, IdempotencyClaim, IdempotencyScope, StoreError, StoredAnswer, Ticket};

on_both!(
    of_parallel_claims_one_wins,
    an_answer_is_found_under_its_key,
    only_the_claimant_completes_or_releases,
    an_old_key_is_free_again,
    old_keys_are_dropped_oldest_first,
    an_incarnation_lives_as_long_as_it_was_seen,
    an_effect_is_committed_with_its_answer,
    a_refusal_and_a_failure_leave_no_effect,
    only_an_untouched_key_is_taken_over,
    who_lost_the_key_commits_nothing,
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

fn ticket(claim: &IdempotencyClaim) -> Ticket {
    Ticket::new(claim.scope.clone(), claim.claim.clone())
}

/// A granted claim of Ada's.
async fn granted(fixture: &Fixture) -> IdempotencyClaim {
    let claim = claim(fixture, 0).await;
    assert_eq!(fixture.store.claim_idempotency(claim.clone(), at(-100)).await.unwrap(), Claimed::Yes);
    claim
}

async fn found(fixture: &Fixture, claim: &IdempotencyClaim) -> EarlierRequest {
    match fixture.store.claim_idempotency(claim.clone(), at(-100)).await.unwrap() {
        Claimed::Earlier(earlier) => earlier,
        other => panic!("{other:?}"),
    }
}

async fn an_effect_is_committed_with_its_answer(fixture: Fixture) {
    let claim = granted(&fixture).await;
    let owner = claim.scope.account_id.clone();
    ticket(&claim).around(agent(&fixture.store, &owner, 1)).await;
    let earlier = found(&fixture, &claim).await;
    assert_eq!((earlier.has_effect, earlier.answer, earlier.is_settled), (true, None, false));

    let promised = ticket(&claim);
    let effect = async {
        Ticket::promise(|_rows: &u64| Some(answer("{}")));
        agent(&fixture.store, &owner, 2).await;
    };
    promised.around(effect).await;
    assert!(!promised.has_open_promise());
    let earlier = found(&fixture, &claim).await;
    assert_eq!((earlier.answer, earlier.is_settled), (Some(answer("{}")), false));
    // The answer in the end wins, once.
    assert!(fixture.store.complete_idempotency(&claim.scope, "c0", answer("[]")).await.unwrap());
    assert!(!fixture.store.complete_idempotency(&claim.scope, "c0", answer("{}")).await.unwrap());
    let earlier = found(&fixture, &claim).await;
    assert_eq!((earlier.answer, earlier.is_settled), (Some(answer("[]")), true));
}

async fn a_refusal_and_a_failure_leave_no_effect(fixture: Fixture) {
    let claim = granted(&fixture).await;
    let owner = claim.scope.account_id.clone();
    let first = agent(&fixture.store, &owner, 1).await;
    let promised = ticket(&claim);
    let refused = async {
        Ticket::promise(|rows: &u64| (*rows > 0).then(|| answer("{}")));
        let changed = fixture.store.update_agent(&owner, &"agt_none".into(), &first.settings).await;
        assert!(!changed.unwrap());
        // The same agent twice is a conflict.
        assert!(fixture.store.create_agent(&first).await.is_err());
    };
    promised.around(refused).await;
    let earlier = found(&fixture, &claim).await;
    assert_eq!((earlier.has_effect, earlier.answer), (false, None));
}

async fn only_an_untouched_key_is_taken_over(fixture: Fixture) {
    let (store, first) = (&fixture.store, granted(&fixture).await);
    let second = IdempotencyClaim { claim: "c1".into(), owner: "boot2".into(), ..first.clone() };
    assert!(!store.take_over_idempotency("c7", &second).await.unwrap());
    assert!(store.take_over_idempotency("c0", &second).await.unwrap());
    let earlier = found(&fixture, &first).await;
    assert_eq!((earlier.claim.as_str(), earlier.owner.as_str()), ("c1", "boot2"));
    ticket(&second).around(store.about_to_act()).await.unwrap();
    let third = IdempotencyClaim { claim: "c2".into(), ..second };
    assert!(!store.take_over_idempotency("c1", &third).await.unwrap());
}

async fn who_lost_the_key_commits_nothing(fixture: Fixture) {
    let (store, first) = (&fixture.store, granted(&fixture).await);
    let second = IdempotencyClaim { claim: "c1".into(), ..first.clone() };
    assert!(store.take_over_idempotency("c0", &second).await.unwrap());
    let lost = ticket(&first).around(store.heartbeat("somebody", at(5))).await;
    assert!(matches!(lost, Err(StoreError::Superseded)), "{lost:?}");
    assert!(!store.is_incarnation_alive("somebody", at(0)).await.unwrap());
}
