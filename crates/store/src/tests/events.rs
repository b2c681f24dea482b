use std::{collections::HashSet, time::Duration};

use futures::future::join_all;
use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId},
};

use super::{ALL, Fixture, account, agent, at, event, on_both, webhook};
use crate::{
    Attempt, Bulk, ClaimedEvent, DeliveryFilter, DeliveryStatus, Endpoint, Lane, NewEvent, Page, Replay,
    ReplayFilter, Store, Verdict,
};

on_both!(
    claimers_at_once_share_the_events,
    a_lease_that_ran_out_is_claimed_again_and_fences_the_late_result,
    a_retry_is_due_later_and_success_ends_it,
    a_finished_delivery_is_only_logged,
    the_log_filters_by_webhook_and_time,
    counts_are_by_hour_kind_and_status,
    a_long_reply_with_nul_is_cut_and_kept,
    a_first_attempt_waits_for_earlier_ones_of_its_conversation,
    lanes_and_endpoints_are_found_apart,
    results_are_written_together_and_fenced_one_by_one,
    every_attempt_is_kept,
    a_replay_is_a_round_of_its_own,
    a_span_is_replayed_once,
    a_pending_delivery_is_not_replayed,
    deliveries_are_found_by_what_they_are,
    leases_of_the_dead_are_released,
    webhooks_are_read_for_many_endpoints_at_once,
    what_is_due_is_found_by_indexes_alone,
);

const LEASE: Duration = Duration::from_secs(30);

/// Claims what is due in both lanes.
pub(super) async fn claim(store: &Store, owner: &str, now: Timestamp, limit: u32) -> Vec<ClaimedEvent> {
    let mut ids = Vec::new();
    for lane in Lane::ALL {
        ids.extend(store.due_events(lane, now, limit).await.unwrap().into_iter().map(|due| due.id));
    }
    ids.truncate(limit as usize);
    store.claim_events(owner, now, LEASE, &ids).await.unwrap()
}

/// Records one result.
pub(super) async fn record(store: &Store, claimed: &ClaimedEvent, attempt: Attempt) -> bool {
    store.record_attempts(vec![(claimed.lease.clone(), attempt)]).await.unwrap()[0]
}

/// When anything is due after `now`.
async fn next_due(store: &Store, now: Timestamp) -> Option<Timestamp> {
    let mut next = None;
    for lane in Lane::ALL {
        next = store.next_event_due(lane, now).await.unwrap().into_iter().chain(next).min();
    }
    next
}

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
    let claims = join_all(owners.map(|name| claim(&store, name, at(60), 10))).await;
    let mut seen = HashSet::new();
    for claimed in claims.into_iter().flatten() {
        assert!(seen.insert(claimed.lease.event_id), "claimed twice");
    }
    // A claimer may get less than is due while others hold rows; asking again empties it.
    for claimed in claim(&store, "w5", at(60), 100).await {
        assert!(seen.insert(claimed.lease.event_id), "claimed twice");
    }
    assert_eq!(seen.len(), 30);
}

async fn a_lease_that_ran_out_is_claimed_again_and_fences_the_late_result(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    store.insert_event(&event(&owner, 0)).await.unwrap();
    let first = claim(&store, "w1", at(0), 1).await.remove(0);
    assert!(claim(&store, "w1", at(29), 1).await.is_empty());
    assert_eq!(next_due(&store, at(0)).await, Some(at(30)));
    let second = claim(&store, "w1", at(30), 1).await.remove(0);
    let success = attempt(31, Verdict::Success);
    assert!(!record(&store, &first, success.clone()).await);
    assert!(record(&store, &second, success.clone()).await);
    assert!(!record(&store, &second, success.clone()).await);
    assert_eq!(next_due(&store, at(0)).await, None);
}

async fn a_retry_is_due_later_and_success_ends_it(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    store.insert_event(&event(&owner, 0)).await.unwrap();
    let claimed = claim(&store, "w", at(0), 1).await.remove(0);
    assert!(record(&store, &claimed, attempt(1, Verdict::RetryAt(at(300)))).await);
    assert_eq!(next_due(&store, at(0)).await, Some(at(300)));
    assert!(claim(&store, "w", at(299), 1).await.is_empty());
    let claimed = claim(&store, "w", at(300), 1).await.remove(0);
    assert_eq!((claimed.delivery.attempts, claimed.delivery.http_status), (1, Some(500)));
    assert!(record(&store, &claimed, attempt(301, Verdict::Success)).await);
    let row = store.deliveries(&owner, None, None, ALL).await.unwrap().data.remove(0);
    assert_eq!((row.status, row.attempts, row.next_attempt_at), (DeliveryStatus::Success, 2, None));
    assert_eq!((row.last_attempt_at, row.response_ms), (Some(at(301)), Some(112)));
}

async fn a_finished_delivery_is_only_logged(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let event = event(&owner, 0);
    store.insert_delivery(&event, &attempt(0, Verdict::Failed)).await.unwrap();
    assert!(claim(&store, "w", at(999), 1).await.is_empty());
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

fn of_conversation(account: &AccountId, second: i64, conversation: &str) -> NewEvent {
    NewEvent { order_key: Some(conversation.into()), ..event(account, second) }
}

async fn a_first_attempt_waits_for_earlier_ones_of_its_conversation(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    for second in 0..3 {
        store.insert_event(&of_conversation(&owner, second, "conv_1")).await.unwrap();
    }
    store.insert_event(&of_conversation(&owner, 3, "conv_2")).await.unwrap();
    let free = async |second: i64| {
        let due = store.due_events(Lane::First, at(second), 10).await.unwrap();
        due.into_iter().filter(|due| !due.is_held).map(|due| due.id).collect::<Vec<_>>()
    };
    let all = store.due_events(Lane::First, at(9), 10).await.unwrap();
    assert_eq!(all.iter().map(|due| due.is_held).collect::<Vec<_>>(), [false, true, true, false]);
    let endpoint = Endpoint { account: owner.clone(), target: None };
    let of_endpoint = store.due_events_of(Lane::First, &endpoint, at(9), 10).await.unwrap();
    assert_eq!(of_endpoint, free(9).await);
    // Under way, it still holds the next.
    let first = store.claim_events("w", at(9), LEASE, &[all[0].id.clone()]).await.unwrap().remove(0);
    assert_eq!(free(9).await, [all[3].id.clone()]);
    // Failed, it is a retry, and holds nothing.
    assert!(record(&store, &first, attempt(9, Verdict::RetryAt(at(300)))).await);
    assert_eq!(free(9).await, [all[1].id.clone(), all[3].id.clone()]);
    assert_eq!(store.due_events(Lane::Retry, at(300), 10).await.unwrap()[0].id, all[0].id);
}

async fn lanes_and_endpoints_are_found_apart(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let mut endpoints = Vec::new();
    for second in 0..5 {
        let mut event = event(&owner, second);
        event.target = (second > 0).then(|| AgentId::from(format!("agt_{second}")));
        endpoints.push((event.endpoint(), at(second)));
        store.insert_event(&event).await.unwrap();
        store
            .insert_event(&NewEvent { target: event.target, ..super::event(&owner, second + 10) })
            .await
            .unwrap();
    }
    assert_eq!(store.waiting_endpoints(Lane::First, None, 10).await.unwrap(), endpoints);
    let some = store.waiting_endpoints(Lane::First, Some(&endpoints[1].0), 2).await.unwrap();
    assert_eq!(some, endpoints[2..4]);
    assert_eq!(store.waiting_endpoints(Lane::Retry, None, 10).await.unwrap(), []);
    assert_eq!(store.due_events_of(Lane::First, &endpoints[2].0, at(99), 10).await.unwrap().len(), 2);
    assert_eq!(store.due_events_of(Lane::First, &endpoints[2].0, at(5), 10).await.unwrap().len(), 1);
}

async fn results_are_written_together_and_fenced_one_by_one(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    for second in 0..4 {
        store.insert_event(&event(&owner, second)).await.unwrap();
    }
    let claimed = claim(&store, "paused", at(10), 4).await;
    assert_eq!(claimed.len(), 4);
    // Two leases run out and are taken by another worker.
    let again = claim(&store, "other", at(40), 2).await;
    let stolen: HashSet<_> = again.iter().map(|claimed| claimed.lease.event_id.clone()).collect();
    let verdicts =
        [Verdict::Success, Verdict::Failed, Verdict::RetryAt(at(300)), Verdict::Success].into_iter().cycle();
    let results: Vec<_> = claimed
        .iter()
        .zip(verdicts)
        .map(|(claimed, verdict)| (claimed.lease.clone(), attempt(41, verdict)))
        .collect();
    let kept = store.record_attempts(results).await.unwrap();
    for (claimed, kept) in claimed.iter().zip(kept) {
        assert_eq!(kept, !stolen.contains(&claimed.lease.event_id));
    }
    for claimed in &again {
        assert!(record(&store, claimed, attempt(42, Verdict::Success)).await);
    }
    super::rollups::check(&store).await;
    let rows = store.deliveries(&owner, None, None, ALL).await.unwrap().data;
    assert_eq!(rows.iter().map(|row| row.attempts).collect::<Vec<_>>(), [1, 1, 1, 1]);
}

async fn every_attempt_is_kept(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let event = event(&owner, 0);
    store.insert_event(&event).await.unwrap();
    for (n, verdict) in
        [Verdict::RetryAt(at(1)), Verdict::RetryAt(at(2)), Verdict::Success].into_iter().enumerate()
    {
        let second = i64::try_from(n).unwrap();
        let claimed = claim(&store, "w", at(second), 1).await.remove(0);
        assert_eq!(claimed.attempts as usize, n);
        let mut attempt = attempt(second, verdict);
        attempt.response_body = Some(format!("answer\0{n} \"quoted\""));
        assert!(record(&store, &claimed, attempt).await);
    }
    let (delivery, attempts) = store.delivery(&owner, &event.delivery_id).await.unwrap().unwrap();
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Success, 3));
    assert_eq!(
        attempts.iter().map(|attempt| (attempt.n, attempt.at)).collect::<Vec<_>>(),
        [(1, at(0)), (2, at(1)), (3, at(2))]
    );
    assert_eq!(attempts[1].response_body.as_deref(), Some("answer\u{fffd}1 \"quoted\""));
    assert_eq!((attempts[1].took, attempts[1].http_status), (Duration::from_millis(112), Some(500)));
    let stranger = account(&store, "Eve").await;
    assert_eq!(store.delivery(&stranger, &event.delivery_id).await.unwrap(), None);
}

async fn a_replay_is_a_round_of_its_own(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let event = event(&owner, 0);
    store.insert_event(&event).await.unwrap();
    for round in 0..3_u32 {
        let second = i64::from(round) * 10;
        let claimed = claim(&store, "w", at(second), 1).await.remove(0);
        assert_eq!((claimed.lane, claimed.attempts, claimed.delivery.attempts), (Lane::First, 0, round));
        assert_eq!(claimed.delivery.event.delivery_id, event.delivery_id);
        let verdict = if round == 1 { Verdict::Success } else { Verdict::Failed };
        assert!(record(&store, &claimed, attempt(second, verdict)).await);
        super::rollups::check(&store).await;
        let replay = store.replay_delivery(&owner, &event.delivery_id, at(second + 10)).await.unwrap();
        assert_eq!(replay, Replay::Queued);
    }
    let row = store.deliveries(&owner, None, None, ALL).await.unwrap().data.remove(0);
    assert_eq!((row.status, row.replayed_at), (DeliveryStatus::Pending, Some(at(30))));
}

async fn a_span_is_replayed_once(Fixture { store, .. }: Fixture) {
    let (owner, other) = (account(&store, "Ada").await, account(&store, "Eve").await);
    for second in 0..6 {
        let verdict = if second < 4 { Verdict::Failed } else { Verdict::Success };
        store.insert_delivery(&event(&owner, second), &attempt(second, verdict)).await.unwrap();
        store.insert_delivery(&event(&other, second), &attempt(second, verdict)).await.unwrap();
    }
    let mut turn = event(&owner, 1);
    (turn.channel, turn.event_type) = ("voice".into(), "agent.message".into());
    store.insert_delivery(&turn, &attempt(1, Verdict::Failed)).await.unwrap();
    assert_eq!(store.replay_delivery(&owner, &turn.delivery_id, at(50)).await.unwrap(), Replay::VoiceTurn);
    let filter = ReplayFilter {
        status: DeliveryStatus::Failed,
        since: at(1),
        until: at(50),
        event_type: None,
        agent_id: None,
    };
    assert_eq!(store.replay_deliveries(&owner, &filter, at(50), 2).await.unwrap(), 2, "as many as allowed");
    assert_eq!(store.replay_deliveries(&owner, &filter, at(50), 100).await.unwrap(), 1, "the rest");
    let claimed = claim(&store, "w", at(60), 10).await;
    assert!(claimed.iter().all(|claimed| claimed.lane == Lane::Retry && claimed.attempts == 0));
    assert_eq!(claimed.len(), 3);
    for claimed in &claimed {
        assert!(record(&store, claimed, attempt(61, Verdict::Failed)).await);
    }
    assert_eq!(store.replay_deliveries(&owner, &filter, at(70), 100).await.unwrap(), 0, "asked again");
    let later = ReplayFilter { until: at(70), event_type: Some("agent.call_ended".into()), ..filter };
    assert_eq!(store.replay_deliveries(&owner, &later, at(70), 100).await.unwrap(), 3);
    let delivered = ReplayFilter { status: DeliveryStatus::Success, ..later };
    assert_eq!(store.replay_deliveries(&owner, &delivered, at(70), 100).await.unwrap(), 2);
    super::rollups::check(&store).await;
}

async fn a_pending_delivery_is_not_replayed(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let event = event(&owner, 0);
    store.insert_event(&event).await.unwrap();
    assert_eq!(store.replay_delivery(&owner, &event.delivery_id, at(1)).await.unwrap(), Replay::Pending);
    assert_eq!(store.replay_delivery(&owner, "nothing", at(1)).await.unwrap(), Replay::Unknown);
    let stranger = account(&store, "Eve").await;
    assert_eq!(store.replay_delivery(&stranger, &event.delivery_id, at(1)).await.unwrap(), Replay::Unknown);
}

async fn deliveries_are_found_by_what_they_are(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let mut ids = Vec::new();
    for second in 0..6 {
        let mut event = event(&owner, second);
        event.agent_id = (second < 2).then(|| "agt_1".into());
        let verdict = if second % 2 == 0 { Verdict::Failed } else { Verdict::Success };
        store.insert_delivery(&event, &attempt(second, verdict)).await.unwrap();
        ids.push(event.delivery_id);
    }
    let find = async |filter: DeliveryFilter, limit| {
        let page = store.find_deliveries(&owner, &filter, limit).await.unwrap().unwrap();
        let found: Vec<_> = page.data.into_iter().map(|found| found.event.delivery_id).collect();
        (
            found.iter().map(|id| ids.iter().position(|known| known == id).unwrap()).collect::<Vec<_>>(),
            page.has_more,
        )
    };
    let all = DeliveryFilter::default();
    assert_eq!(find(all.clone(), 4).await, (vec![5, 4, 3, 2], true));
    assert_eq!(
        find(DeliveryFilter { before: Some(ids[2].clone()), ..all.clone() }, 4).await,
        (vec![1, 0], false)
    );
    let failed = DeliveryFilter { status: Some(DeliveryStatus::Failed), ..all.clone() };
    assert_eq!(find(failed, 9).await.0, [4, 2, 0]);
    let span = DeliveryFilter { since: Some(at(1)), until: Some(at(4)), ..all.clone() };
    assert_eq!(find(span, 9).await.0, [3, 2, 1]);
    assert_eq!(find(DeliveryFilter { agent_id: Some("agt_1".into()), ..all.clone() }, 9).await.0, [1, 0]);
    let unknown = DeliveryFilter { before: Some("nothing".into()), ..all };
    assert_eq!(store.find_deliveries(&owner, &unknown, 9).await.unwrap(), None);
}

async fn leases_of_the_dead_are_released(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    for second in 0..3 {
        store.insert_event(&event(&owner, second)).await.unwrap();
    }
    store.heartbeat("alive", at(10)).await.unwrap();
    store.heartbeat("dead", at(0)).await.unwrap();
    for worker in ["alive", "dead", "me"] {
        assert_eq!(claim(&store, worker, at(10), 1).await.len(), 1);
    }
    assert_eq!(store.release_dead_leases("me", at(12), at(5)).await.unwrap(), 1);
    let claimed = claim(&store, "me", at(12), 10).await;
    assert_eq!(claimed.len(), 1);
    assert!(record(&store, &claimed[0], attempt(12, Verdict::Success)).await);
}

async fn what_is_due_is_found_by_indexes_alone(Fixture { store, .. }: Fixture) {
    // Plans for an empty table are plans for nothing.
    let owner = account(&store, "Ada").await;
    for (bulk, second) in [(Bulk::Events, 0), (Bulk::DeadEvents, 10_000)] {
        store.fill(bulk, &owner, 2_000, at(second), 1).await.unwrap();
    }
    store.analyze().await.unwrap();
    super::rollups::check(&store).await;
    let mut conn = store.read().await.unwrap();
    for (name, literals, indexes) in [
        ("HEAD", ["0", "9", "256", "", ""], ["outbox_due", "outbox_by_order"]),
        ("ENDPOINTS", ["0", "''", "256", "", ""], ["outbox_by_endpoint", "outbox_by_endpoint"]),
        ("OF_ENDPOINT", ["0", "'a/b'", "9", "1000", "5"], ["outbox_by_endpoint", "outbox_by_order"]),
        ("NEXT", ["0", "9", "", "", ""], ["outbox_due", "outbox_due"]),
    ] {
        let statement =
            crate::events::due::ALL.iter().find(|statement| statement.name.ends_with(&format!("::{name}")));
        let plan = conn.explain_with(statement.unwrap(), &literals).await.unwrap();
        for index in indexes {
            assert!(plan.contains(index), "{name} without {index}:\n{plan}");
        }
        // A walk over the whole table or index has no condition.
        assert!(!plan.contains("SCAN outbox") && !plan.contains("Seq Scan on outbox"), "{name}:\n{plan}");
        assert!(!plan.contains("USE TEMP B-TREE") && !plan.contains("Sort"), "{name} sorts:\n{plan}");
    }
}

async fn webhooks_are_read_for_many_endpoints_at_once(Fixture { store, .. }: Fixture) {
    let (owner, other) = (account(&store, "Ada").await, account(&store, "Eve").await);
    let agent = agent(&store, &owner, 0).await.id;
    for webhook in [webhook(&owner, None), webhook(&owner, Some(&agent)), webhook(&other, None)] {
        store.put_webhook(&webhook).await.unwrap();
    }
    let own = Endpoint { account: owner.clone(), target: Some(agent.clone()) };
    let none = Endpoint { account: other, target: Some(agent.clone()) };
    let found = store.webhooks_of([&own, &none]).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[&own].agent_id, Some(agent));
}
