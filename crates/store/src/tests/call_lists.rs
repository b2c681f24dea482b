//! Pages of calls: the same as sorting and filtering all of them.

use futures::{StreamExt as _, stream};
use offhook_model::{
    call::{CallState, Direction, EndReason},
    id::{AccountId, AgentId},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{BOOT, Fixture, account, at, call, on_both};
use crate::{Call, CallFilter, Page, Store};

on_both!(every_page_of_every_filter_is_what_sorting_gives, totals_follow_a_call_through_its_life);

fn calls_of(owner: &AccountId) -> Vec<Call> {
    let mut random = StdRng::seed_from_u64(11);
    let states = [
        CallState::Ringing,
        CallState::Answered,
        CallState::Completed(EndReason::UserHangup),
        CallState::Completed(EndReason::AgentHangup),
        CallState::Failed(EndReason::DialBusy),
        CallState::Failed(EndReason::DialNoAnswer),
        CallState::Failed(EndReason::Error),
    ];
    (0..90)
        .map(|i| {
            // Dense days, days apart, and moments that are the same.
            let day = [0, 0, 0, 1, 2, 2, 9, 10, 30][random.random_range(0..9)];
            let mut call = call(owner, 0);
            call.started_at = at(day * 86_400 + i64::from(random.random_range(0..6)) * 14_000);
            call.direction = [Direction::Inbound, Direction::Outbound, Direction::Outbound, Direction::Web]
                [random.random_range(0..4)];
            call.state = states[random.random_range(0..states.len())];
            call.agent_id = random.random_bool(0.8).then(|| AgentId::from(format!("agt_{}", i % 3)));
            call.number_id = random.random_bool(0.8).then(|| format!("num_{}", i % 2).into());
            call
        })
        .collect()
}

fn passes(call: &Call, filter: &CallFilter) -> bool {
    let word = |wanted: &Option<String>, words: &[&str]| {
        wanted.as_ref().is_none_or(|word| words.contains(&word.as_str()))
    };
    let kind = if call.direction == Direction::Web { "web" } else { "pstn" };
    word(&filter.status, &[call.state.status().as_str(), call.state.fine_word()])
        && word(&filter.direction, &[call.direction.as_str()])
        && word(&filter.kind, &[kind])
        && filter.agent_id.as_ref().is_none_or(|id| call.agent_id.as_ref() == Some(id))
        && filter.number_id.as_ref().is_none_or(|id| call.number_id.as_ref() == Some(id))
}

fn filters() -> Vec<CallFilter> {
    let mut filters = Vec::new();
    let text = |word: &str| Some(word.to_owned()).filter(|word| !word.is_empty());
    for status in ["", "completed", "in-progress", "failed", "ringing", "busy", "no-answer", "dancing"] {
        for (direction, kind) in
            [("", ""), ("inbound", ""), ("", "web"), ("", "pstn"), ("web", "pstn"), ("up", "")]
        {
            let filter = CallFilter {
                status: text(status),
                direction: text(direction),
                kind: text(kind),
                ..CallFilter::default()
            };
            filters.push(CallFilter { agent_id: Some("agt_1".into()), ..filter.clone() });
            filters.push(CallFilter { number_id: Some("num_0".into()), ..filter.clone() });
            filters.push(filter);
        }
    }
    filters
}

async fn every_page_of_every_filter_is_what_sorting_gives(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let other = account(&store, "Bob").await;
    let mut calls = calls_of(&owner);
    stream::iter(calls.iter().cloned().chain(calls_of(&other)))
        .for_each_concurrent(8, |call| {
            let store = store.clone();
            async move { store.insert_call(&call, None).await.unwrap() }
        })
        .await;
    calls.sort_by(|a, b| (b.started_at, b.id.as_str()).cmp(&(a.started_at, a.id.as_str())));
    for filter in filters() {
        let expected: Vec<_> =
            calls.iter().filter(|call| passes(call, &filter)).map(|call| call.id.clone()).collect();
        for (limit, offset) in [(20, 0), (7, 3), (7, 6), (4, 17), (100, 11), (1, 40), (20, 89), (20, 5_000)] {
            let page = store.calls(&owner, &filter, Page { limit, offset }).await.unwrap();
            let ids: Vec<_> = page.data.into_iter().map(|row| row.call.id).collect();
            let wanted: Vec<_> =
                expected.iter().skip(offset as usize).take(limit as usize).cloned().collect();
            assert_eq!((ids, page.total), (wanted, expected.len() as u64), "{filter:?} {limit} {offset}");
            assert_eq!(page.has_more, offset as usize + (limit as usize) < expected.len());
        }
    }
}

async fn total(store: &Store, owner: &AccountId, status: &str) -> u64 {
    let filter = CallFilter { status: Some(status.to_owned()), ..CallFilter::default() };
    store.calls(owner, &filter, super::ALL).await.unwrap().total
}

async fn totals_follow_a_call_through_its_life(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let call = call(&owner, 0);
    store.insert_call(&call, None).await.unwrap();
    assert_eq!((total(&store, &owner, "ringing").await, total(&store, &owner, "in-progress").await), (1, 1));
    store.transition_call(BOOT, &owner, &call.id, CallState::Ringing, at(1)).await.unwrap();
    store.transition_call(BOOT, &owner, &call.id, CallState::Answered, at(2)).await.unwrap();
    assert_eq!((total(&store, &owner, "ringing").await, total(&store, &owner, "in-progress").await), (0, 1));
    store.end_call(super::calls::end(&call, EndReason::UserHangup)).await.unwrap();
    assert_eq!(
        (total(&store, &owner, "in-progress").await, total(&store, &owner, "completed").await),
        (0, 1)
    );
    super::rollups::check(&store).await;
}
