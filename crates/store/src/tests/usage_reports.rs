//! Reading the rollups: the same as counting the ledger.

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, NumberId, UsageId},
    usage::{LedgerEntry, Payment, UsageKind},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{Fixture, account, agent, at, call, event, number, on_both};
use crate::{Store, UsageSums};

on_both!(
    sums_between_moments_are_those_of_the_ledger,
    windows_are_exact_to_the_millisecond,
    calls_count_when_they_begin_and_deliveries_by_outcome,
    agents_are_listed_with_zeros_and_deleted_ones_with_use,
    numbers_are_listed_while_held_or_used,
    another_accounts_usage_is_not_seen,
);

const DAY: i64 = 24 * 3600;

async fn text(
    store: &Store,
    account: &AccountId,
    at: Timestamp,
    segments: i64,
    of: (Option<&AgentId>, Option<&NumberId>),
) {
    let entry = LedgerEntry {
        id: UsageId::new(at, rand::random()),
        account_id: account.clone(),
        kind: UsageKind::MessageSms,
        quantity: segments,
        amount_micros: 20_000 * segments,
        agent_id: of.0.cloned(),
        number_id: of.1.cloned(),
        subject: format!("msg_{:032x}", rand::random::<u128>()),
        at,
        payment: Payment::Metered,
    };
    let _recorded = store.charge(entry).await.unwrap();
}

async fn sums_between_moments_are_those_of_the_ledger(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let mut random = StdRng::seed_from_u64(7);
    let texts: Vec<_> =
        (0..150).map(|_| (random.random_range(0..12 * DAY), random.random_range(1..4))).collect();
    for &(second, segments) in &texts {
        text(&store, &owner, at(second), segments, (None, None)).await;
    }
    // Quarters, days of an odd zone, a day of 23 hours, and everything.
    let base = -(1_700_000_000 % DAY);
    let odd = base + 5 * 3600 + 2_700;
    let series = [
        (0..12).map(|day| odd + day * DAY).collect::<Vec<_>>(),
        (0..12).map(|day| base + day * DAY).collect(),
        vec![odd, odd + DAY, odd + 2 * DAY - 3600, odd + 3 * DAY - 3600, odd + 4 * DAY - 3600],
        (0..400).map(|quarter| base + DAY + quarter * 900).collect(),
        vec![base - DAY, base + 40 * DAY],
        vec![odd],
        vec![],
    ];
    for moments in series {
        let expected: Vec<_> = moments
            .windows(2)
            .map(|pair| {
                let inside = texts.iter().filter(|(second, _)| (pair[0]..pair[1]).contains(second));
                let (mut n, mut segments) = (0, 0);
                inside.for_each(|text| {
                    n += 1;
                    segments += text.1.cast_unsigned();
                });
                UsageSums { messages: n, sms_segments: segments, ..UsageSums::default() }
            })
            .collect();
        let moments: Vec<_> = moments.into_iter().map(at).collect();
        assert_eq!(store.usage_between(&owner, &moments).await.unwrap(), expected);
    }
}

async fn windows_are_exact_to_the_millisecond(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let moment = at(1_234);
    text(&store, &owner, moment, 2, (None, None)).await;
    let mut begun = call(&owner, 0);
    begun.started_at = moment;
    store.insert_call(&begun, None).await.unwrap();
    let ms = std::time::Duration::from_millis(1);
    for (since, seen) in [(moment - ms, 1), (moment, 1), (moment + ms, 0), (at(1_234 - 40 * DAY), 1)] {
        let sums = store.usage_since(&owner, since).await.unwrap();
        assert_eq!((sums.messages, sums.sms_segments, sums.calls), (seen, 2 * seen, seen), "{since}");
    }
    assert_eq!(store.usage(&owner).await.unwrap().messages, 1);
}

async fn calls_count_when_they_begin_and_deliveries_by_outcome(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    store.insert_call(&call(&owner, 0), None).await.unwrap();
    store.insert_event(&event(&owner, 0)).await.unwrap();
    let pending = UsageSums { calls: 1, deliveries: 1, ..UsageSums::default() };
    assert_eq!(store.usage(&owner).await.unwrap(), pending);
    let claimed = super::events::claim(&store, "me", at(1), 1).await.remove(0);
    let mut attempt = crate::Attempt {
        http_status: Some(500),
        error: None,
        response_body: None,
        at: at(1),
        took: std::time::Duration::ZERO,
        verdict: crate::Verdict::RetryAt(at(2)),
    };
    assert!(super::events::record(&store, &claimed, attempt.clone()).await);
    assert_eq!(store.usage(&owner).await.unwrap(), pending);
    let claimed = super::events::claim(&store, "me", at(2), 1).await.remove(0);
    attempt.verdict = crate::Verdict::Failed;
    assert!(super::events::record(&store, &claimed, attempt.clone()).await);
    assert!(!super::events::record(&store, &claimed, attempt.clone()).await);
    assert_eq!(store.usage(&owner).await.unwrap(), UsageSums { undelivered: 1, ..pending });
}

async fn agents_are_listed_with_zeros_and_deleted_ones_with_use(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let [idle, busy, gone, unused] = [0, 1, 2, 3].map(|second| agent(&store, &owner, second));
    let (idle, busy, gone, unused) = (idle.await, busy.await, gone.await, unused.await);
    let number: NumberId = "num_1".into();
    text(&store, &owner, at(10), 1, (Some(&busy.id), Some(&number))).await;
    text(&store, &owner, at(10), 1, (Some(&gone.id), Some(&number))).await;
    for agent in [&gone, &unused] {
        store.delete_agent(&owner, &agent.id).await.unwrap();
    }
    let list = async |to| {
        let agents = store.usage_by_agent(&owner, at(-DAY), to).await.unwrap();
        agents
            .into_iter()
            .map(|usage| (usage.id, usage.name, usage.is_orphan, usage.sums.messages))
            .collect::<Vec<_>>()
    };
    let row = |agent: &super::Agent, orphan, messages| {
        (Some(agent.id.clone()), Some(agent.settings.name.clone()), orphan, messages)
    };
    let expected = [row(&busy, false, 1), row(&idle, false, 0), row(&gone, true, 1)];
    assert_eq!(list(at(DAY)).await, expected);
    assert_eq!(list(at(0)).await, [row(&busy, false, 0), row(&idle, false, 0)]);
    text(&store, &owner, at(10), 1, (None, Some(&number))).await;
    assert_eq!(list(at(DAY)).await[3], (None, None, true, 1));
}

async fn numbers_are_listed_while_held_or_used(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let mut held = number(&owner, "+14155550100", 0);
    let agent = agent(&store, &owner, 0).await;
    held.agent_id = Some(agent.id.clone());
    let [used, unused] =
        [("+14155550101", 1), ("+14155550102", 2)].map(|(phone, second)| number(&owner, phone, second));
    for number in [&held, &used, &unused] {
        store.insert_number(number, None).await.unwrap();
    }
    text(&store, &owner, at(5), 1, (None, Some(&used.id))).await;
    for number in [&used, &unused] {
        store.release_number(&owner, &number.id).await.unwrap();
    }
    let found = store.usage_by_number(&owner).await.unwrap();
    assert_eq!(
        found.iter().map(|usage| (&usage.id, usage.sums.messages)).collect::<Vec<_>>(),
        [(&used.id, 1), (&held.id, 0)]
    );
    assert_eq!(
        (found[1].agent_id.as_ref(), found[1].agent_name.as_deref()),
        (Some(&agent.id), Some("agent 0"))
    );
}

async fn another_accounts_usage_is_not_seen(Fixture { store, .. }: Fixture) {
    let (ada, bob) = (account(&store, "Ada").await, account(&store, "Bob").await);
    text(&store, &ada, at(0), 1, (Some(&"agt_1".into()), Some(&"num_1".into()))).await;
    store.insert_call(&call(&ada, 0), None).await.unwrap();
    assert_eq!(store.usage(&bob).await.unwrap(), UsageSums::default());
    assert_eq!(store.usage_since(&bob, at(-DAY)).await.unwrap(), UsageSums::default());
    assert_eq!(store.usage_between(&bob, &[at(-DAY), at(DAY)]).await.unwrap(), [UsageSums::default()]);
    assert!(store.usage_by_agent(&bob, at(-DAY), at(DAY)).await.unwrap().is_empty());
    assert!(store.usage_by_number(&bob).await.unwrap().is_empty());
    assert!(store.usage_costs(&bob, at(-DAY), at(DAY)).await.unwrap().is_empty());
}
