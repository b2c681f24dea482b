use std::{collections::HashSet, time::Duration};

use futures::future::join_all;

use super::{ALL, Fixture, account, agent, at, event, on_both};
use crate::{Attempt, DeliveryStatus, Page, Verdict};

on_both!(
    claimers_at_once_share_the_events,
    a_lease_that_ran_out_is_claimed_again_and_fences_the_late_result,
    a_retry_is_due_later_and_success_ends_it,
    a_finished_delivery_is_only_logged,
    the_log_filters_by_webhook_and_time,
    counts_are_by_hour_kind_and_status,
    a_long_reply_with_nul_is_cut_and_kept,
);

const LEASE: Duration = Duration::from_secs(30);

fn attempt(second: i64, verdict: Verdict) -> Attempt {
    Attempt {
        http_status: Some(500),
        error: Some("HTTP 500".into()),
        response_body: Some("oops".into()),
        at: at(second),
        took: Duration::from_millis(112),
        verdict,
    }
}

async fn claimers_at_once_share_the_events(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    for second in 0..30 {
        store.insert_event(&event(&owner, second)).await.unwrap();
    }
    let owners = ["w1", "w2", "w3", "w4"];
    let claims = join_all(owners.map(|name| store.claim_events(name, at(60), LEASE, 10))).await;
    let mut seen = HashSet::new();
    for claimed in claims.into_iter().flat_map(Result::unwrap) {
        assert!(seen.insert(claimed.lease.event_id), "claimed twice");
    }
    // A claimer may get less than is due while others hold rows; asking again empties it.
    for claimed in store.claim_events("w5", at(60), LEASE, 100).await.unwrap() {
        assert!(seen.insert(claimed.lease.event_id), "claimed twice");
    }
    assert_eq!(seen.len(), 30);
}

async fn a_lease_that_ran_out_is_claimed_again_and_fences_the_late_result(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    store.insert_event(&event(&owner, 0)).await.unwrap();
    let first = store.claim_events("w1", at(0), LEASE, 1).await.unwrap().remove(0);
    assert!(store.claim_events("w1", at(29), LEASE, 1).await.unwrap().is_empty());
    assert_eq!(store.next_event_due().await.unwrap(), Some(at(30)));
    let second = store.claim_events("w1", at(30), LEASE, 1).await.unwrap().remove(0);
    let success = attempt(31, Verdict::Success);
    assert!(!store.record_attempt(&first.lease, &success).await.unwrap());
    assert!(store.record_attempt(&second.lease, &success).await.unwrap());
    assert!(!store.record_attempt(&second.lease, &success).await.unwrap());
    assert_eq!(store.next_event_due().await.unwrap(), None);
}

async fn a_retry_is_due_later_and_success_ends_it(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    store.insert_event(&event(&owner, 0)).await.unwrap();
    let claimed = store.claim_events("w", at(0), LEASE, 1).await.unwrap().remove(0);
    store.record_attempt(&claimed.lease, &attempt(1, Verdict::RetryAt(at(300)))).await.unwrap();
    assert_eq!(store.next_event_due().await.unwrap(), Some(at(300)));
    assert!(store.claim_events("w", at(299), LEASE, 1).await.unwrap().is_empty());
    let claimed = store.claim_events("w", at(300), LEASE, 1).await.unwrap().remove(0);
    assert_eq!((claimed.delivery.attempts, claimed.delivery.http_status), (1, Some(500)));
    store.record_attempt(&claimed.lease, &attempt(301, Verdict::Success)).await.unwrap();
    let row = store.deliveries(&owner, None, None, ALL).await.unwrap().data.remove(0);
    assert_eq!((row.status, row.attempts, row.next_attempt_at), (DeliveryStatus::Success, 2, None));
    assert_eq!((row.last_attempt_at, row.response_ms), (Some(at(301)), Some(112)));
}

async fn a_finished_delivery_is_only_logged(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let event = event(&owner, 0);
    store.insert_delivery(&event, &attempt(0, Verdict::Failed)).await.unwrap();
    assert!(store.claim_events("w", at(999), LEASE, 1).await.unwrap().is_empty());
    let row = store.deliveries(&owner, None, None, ALL).await.unwrap().data.remove(0);
    assert_eq!((row.event, row.status, row.attempts), (event, DeliveryStatus::Failed, 1));
}

async fn the_log_filters_by_webhook_and_time(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let agent = agent(&store, &owner, 0).await.id;
    for second in 0..4 {
        let mut event = event(&owner, second);
        event.target = (second % 2 == 0).then(|| agent.clone());
        event.agent_id = Some(agent.clone());
        store.insert_event(&event).await.unwrap();
    }
    let all = store.deliveries(&owner, None, None, Page { limit: 3, offset: 0 }).await.unwrap();
    assert_eq!((all.data[0].event.created_at, all.total, all.has_more), (at(3), 4, true));
    assert_eq!(store.deliveries(&owner, Some(&agent), None, ALL).await.unwrap().total, 2);
    assert_eq!(store.deliveries(&owner, Some(&agent), Some(at(1)), ALL).await.unwrap().total, 1);
    assert_eq!(store.deliveries(&owner, None, Some(at(1)), ALL).await.unwrap().total, 3);
}

async fn counts_are_by_hour_kind_and_status(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    store.insert_event(&event(&owner, 0)).await.unwrap();
    for second in [0, 3600, 3600] {
        store.insert_delivery(&event(&owner, second), &attempt(second, Verdict::Success)).await.unwrap();
    }
    let counts = store.delivery_counts(&owner, at(-3600)).await.unwrap();
    let figures: Vec<_> = counts.iter().map(|count| (count.status, count.count)).collect();
    assert_eq!(
        figures,
        [(DeliveryStatus::Pending, 1), (DeliveryStatus::Success, 1), (DeliveryStatus::Success, 2)]
    );
    assert_eq!(counts[0].hour.unwrap().as_second() % 3600, 0);
    assert!(counts[2].hour > counts[1].hour);
    assert_eq!(store.delivery_counts(&owner, at(3600)).await.unwrap().len(), 1);
    let all = store.all_time_delivery_counts(&owner).await.unwrap();
    assert_eq!(all.iter().map(|count| count.count).collect::<Vec<_>>(), [1, 3]);
}

async fn a_long_reply_with_nul_is_cut_and_kept(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let mut attempt = attempt(0, Verdict::Failed);
    attempt.response_body = Some(format!("a\0b{}", "ü".repeat(20_000)));
    store.insert_delivery(&event(&owner, 0), &attempt).await.unwrap();
    let row = store.deliveries(&owner, None, None, ALL).await.unwrap().data.remove(0);
    let body = row.response_body.unwrap();
    assert!(body.starts_with("a\u{fffd}bü"));
    assert_eq!(body.chars().count(), 10_000);
}
