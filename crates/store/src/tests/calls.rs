use std::time::Duration;

use futures::future::join_all;
use offhook_model::{
    call::{CallState, Direction, EndReason},
    id::AccountId,
};

use super::{ALL, BOOT, Fixture, account, at, call, event, on_both, turn, turn_id};
use crate::{Attempt, Call, CallFilter, Db, EndCall, InsertCallError, Page, Store, Verdict};

on_both!(
    a_call_is_read_back_as_it_was_stored,
    a_hundred_callers_at_a_cap_of_five_make_five_calls,
    late_news_does_not_change_an_answered_call,
    a_call_ends_once_with_one_event,
    a_refused_event_keeps_the_call_open,
    turns_keep_their_order_and_come_once,
    no_turn_is_added_after_the_end,
    lists_filter_and_count,
    a_search_takes_its_text_literally,
    the_calls_of_a_silent_process_are_lost,
    checkpoints_reach_only_the_owners_open_calls,
    only_the_owner_writes,
    the_clock_is_the_databases_where_many_share_it,
);

pub(super) fn end(call: &Call, reason: EndReason) -> EndCall {
    EndCall {
        owner: BOOT.into(),
        account_id: call.account_id.clone(),
        call_id: call.id.clone(),
        state: CallState::Completed(reason),
        at: at(100),
        talk_time: Duration::from_millis(61_234),
        recording: Some("call.wav".into()),
        charges: Vec::new(),
        events: vec![event(&call.account_id, 100)],
    }
}

async fn stored(store: &Store, account: &AccountId, second: i64) -> Call {
    let call = call(account, second);
    store.insert_call(&call, None).await.unwrap();
    call
}

async fn a_call_is_read_back_as_it_was_stored(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let call = stored(&store, &owner, 0).await;
    assert_eq!(store.call(&owner, &call.id).await.unwrap().as_ref(), Some(&call));
    assert_eq!(store.call_by_capability(&call.id).await.unwrap(), Some(call));
}

async fn a_hundred_callers_at_a_cap_of_five_make_five_calls(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let calls: Vec<_> = (0..100).map(|second| call(&owner, second)).collect();
    let results = join_all(calls.iter().map(|call| store.insert_call(call, Some(5)))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 5);
    let refused =
        results.iter().filter(|r| matches!(r, Err(InsertCallError::CapReached { open: 5 }))).count();
    assert_eq!(refused, 95);
    assert_eq!(store.open_calls(&owner).await.unwrap(), 5);
}

async fn late_news_does_not_change_an_answered_call(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let call = stored(&store, &owner, 0).await;
    assert!(store.transition_call(BOOT, &owner, &call.id, CallState::Ringing, at(1)).await.unwrap());
    assert!(store.transition_call(BOOT, &owner, &call.id, CallState::Answered, at(2)).await.unwrap());
    assert!(!store.transition_call(BOOT, &owner, &call.id, CallState::Ringing, at(3)).await.unwrap());
    let ended = CallState::Failed(EndReason::Error);
    assert!(!store.transition_call(BOOT, &owner, &call.id, ended, at(4)).await.unwrap());
    let call = store.call(&owner, &call.id).await.unwrap().unwrap();
    assert_eq!((call.state, call.answered_at, call.ended_at), (CallState::Answered, Some(at(2)), None));
}

async fn a_call_ends_once_with_one_event(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let call = stored(&store, &owner, 0).await;
    let ends = (0..8).map(|_| store.end_call(end(&call, EndReason::UserHangup)));
    let first = join_all(ends).await.into_iter().filter(|ended| matches!(ended, Ok(true))).count();
    assert_eq!(first, 1);
    assert!(!store.end_call(end(&call, EndReason::NodeLost)).await.unwrap());
    let log = store.deliveries(&owner, None, None, ALL).await.unwrap();
    assert_eq!(log.total, 1);
    let ended = store.call(&owner, &call.id).await.unwrap().unwrap();
    assert_eq!(ended.state, CallState::Completed(EndReason::UserHangup));
    assert_eq!(ended.talk_time, Some(Duration::from_millis(61_234)));
    assert_eq!((ended.ended_at, ended.recording.as_deref()), (Some(at(100)), Some("call.wav")));
}

async fn a_refused_event_keeps_the_call_open(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let call = stored(&store, &owner, 0).await;
    let mut end = end(&call, EndReason::UserHangup);
    end.events.push(end.events[0].clone());
    assert!(store.end_call(end).await.is_err());
    assert_eq!(store.open_calls(&owner).await.unwrap(), 1);
    assert_eq!(store.deliveries(&owner, None, None, ALL).await.unwrap().total, 0);
}

async fn turns_keep_their_order_and_come_once(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let call = stored(&store, &owner, 0).await;
    for index in [1, 0, 2] {
        assert!(
            store.append_turn(BOOT, &owner, &call.id, &turn_id(index), &turn(index, "hello")).await.unwrap()
        );
    }
    assert!(!store.append_turn(BOOT, &owner, &call.id, &turn_id(1), &turn(1, "again")).await.unwrap());
    let turns: Vec<_> =
        store.turns(&owner, &call.id).await.unwrap().into_iter().map(|stored| stored.turn).collect();
    assert_eq!(turns, [turn(0, "hello"), turn(1, "hello"), turn(2, "hello")]);
    assert!(!store.append_turn(BOOT, &owner, &"call_none".into(), &turn_id(0), &turn(0, "x")).await.unwrap());
}

async fn no_turn_is_added_after_the_end(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let call = stored(&store, &owner, 0).await;
    store.end_call(end(&call, EndReason::AgentHangup)).await.unwrap();
    assert!(!store.append_turn(BOOT, &owner, &call.id, &turn_id(0), &turn(0, "late")).await.unwrap());
}

async fn lists_filter_and_count(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let ringing = stored(&store, &owner, 0).await;
    let mut web = call(&owner, 1);
    (web.direction, web.from, web.agent_id) = (Direction::Web, "web".into(), Some("agt_7".into()));
    store.insert_call(&web, None).await.unwrap();
    let mut busy = call(&owner, 2);
    (busy.direction, busy.number_id) = (Direction::Outbound, Some("num_7".into()));
    busy.state = CallState::Failed(EndReason::DialBusy);
    busy.ended_at = Some(at(2));
    store.insert_call(&busy, None).await.unwrap();
    store.append_turn(BOOT, &owner, &web.id, &turn_id(0), &turn(0, "first")).await.unwrap();
    store.append_turn(BOOT, &owner, &web.id, &turn_id(1), &turn(1, "Thanks, bye.")).await.unwrap();

    let all = store.calls(&owner, &CallFilter::default(), ALL).await.unwrap();
    let ids: Vec<_> = all.data.iter().map(|row| row.call.id.clone()).collect();
    assert_eq!(ids, [busy.id.clone(), web.id.clone(), ringing.id.clone()]);
    assert_eq!(all.data[1].last_words.as_deref(), Some("Thanks, bye."));
    assert_eq!(all.data[0].last_words, None);
    let page = store.calls(&owner, &CallFilter::default(), Page { limit: 1, offset: 1 }).await.unwrap();
    assert_eq!((page.data.len(), page.total, page.has_more), (1, 3, true));

    let some = |text: &str| Some(text.to_owned());
    let none = CallFilter::default;
    for (filter, expected) in [
        (CallFilter { status: some("in-progress"), ..none() }, vec![&web.id, &ringing.id]),
        (CallFilter { status: some("failed"), ..none() }, vec![&busy.id]),
        (CallFilter { status: some("busy"), ..none() }, vec![&busy.id]),
        (CallFilter { status: some("ringing"), ..none() }, vec![&web.id, &ringing.id]),
        (CallFilter { status: some("nonsense"), ..none() }, vec![]),
        (CallFilter { direction: some("outbound"), ..none() }, vec![&busy.id]),
        (CallFilter { kind: some("web"), ..none() }, vec![&web.id]),
        (CallFilter { kind: some("pstn"), ..none() }, vec![&busy.id, &ringing.id]),
        (CallFilter { search: some("WEB"), ..none() }, vec![&web.id]),
        (CallFilter { search: some("0101"), ..none() }, vec![&busy.id, &web.id, &ringing.id]),
        (CallFilter { agent_id: Some("agt_7".into()), ..none() }, vec![&web.id]),
        (CallFilter { number_id: Some("num_7".into()), ..none() }, vec![&busy.id]),
    ] {
        let page = store.calls(&owner, &filter, ALL).await.unwrap();
        let ids: Vec<_> = page.data.iter().map(|row| &row.call.id).collect();
        assert_eq!((ids, page.total), (expected.clone(), expected.len() as u64), "{filter:?}");
    }
}

async fn a_search_takes_its_text_literally(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let mut odd = call(&owner, 0);
    odd.from = "sip:100%_off!@x".into();
    store.insert_call(&odd, None).await.unwrap();
    stored(&store, &owner, 1).await;
    for (text, found) in [("%", 1), ("_", 1), ("!", 1), ("0%_OFF!", 1), ("\\", 0), ("'", 0), ("", 2)] {
        let filter = CallFilter { search: Some(text.into()), ..CallFilter::default() };
        assert_eq!(store.calls(&owner, &filter, ALL).await.unwrap().total, found, "{text}");
    }
}

async fn the_calls_of_a_silent_process_are_lost(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let lost = stored(&store, &owner, 0).await;
    let ended = stored(&store, &owner, 1).await;
    store.end_call(end(&ended, EndReason::UserHangup)).await.unwrap();
    let mut mine = call(&owner, 2);
    mine.owner = "boot-2".into();
    store.insert_call(&mine, None).await.unwrap();

    store.heartbeat("boot-1", at(50)).await.unwrap();
    store.heartbeat("boot-2", at(90)).await.unwrap();
    assert!(store.lost_calls("boot-2", at(50), 10).await.unwrap().is_empty());
    store.heartbeat("boot-1", at(55)).await.unwrap();
    assert!(store.lost_calls("boot-2", at(55), 10).await.unwrap().is_empty());
    let found = store.lost_calls("boot-2", at(56), 10).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&lost));
    assert_eq!(store.forget_incarnations("boot-2", at(60)).await.unwrap(), 0);
    let mut end = end(&lost, EndReason::NodeLost);
    end.state = CallState::Failed(EndReason::NodeLost);
    assert!(store.end_call(end).await.unwrap());
    assert!(store.lost_calls("boot-2", at(56), 10).await.unwrap().is_empty());
    assert_eq!(store.forget_incarnations("boot-2", at(60)).await.unwrap(), 1);
}

async fn checkpoints_reach_only_the_owners_open_calls(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let (up, quiet, over) =
        (stored(&store, &owner, 0).await, stored(&store, &owner, 1).await, stored(&store, &owner, 2).await);
    store.end_call(end(&over, EndReason::UserHangup)).await.unwrap();
    let mut foreign = call(&owner, 3);
    foreign.owner = "boot-2".into();
    store.insert_call(&foreign, None).await.unwrap();

    let asked = [up.id.clone(), over.id.clone(), foreign.id.clone(), "call_none".into()];
    let gone = store.checkpoint_calls(BOOT, at(30), &asked).await.unwrap();
    assert_eq!(gone, asked[1..], "what it does not hold is told");
    assert!(store.checkpoint_calls(BOOT, at(31), &[]).await.unwrap().is_empty());
    let mut seen = Vec::new();
    for id in [&up.id, &quiet.id, &over.id, &foreign.id] {
        seen.push(store.call(&owner, id).await.unwrap().unwrap().checkpoint_at);
    }
    assert_eq!(seen, [Some(at(30)), None, None, None]);
}

async fn only_the_owner_writes(Fixture { store, .. }: Fixture) {
    let owner = account(&store, "Ada").await;
    let call = stored(&store, &owner, 0).await;
    let other = "boot-2";
    assert!(store.holds_call(BOOT, &call.id).await.unwrap());
    assert!(!store.holds_call(other, &call.id).await.unwrap());
    assert!(!store.transition_call(other, &owner, &call.id, CallState::Answered, at(1)).await.unwrap());
    assert!(!store.append_turn(other, &owner, &call.id, &turn_id(0), &turn(0, "x")).await.unwrap());
    let attempt = Attempt {
        http_status: Some(200),
        error: None,
        response_body: None,
        at: at(1),
        took: Duration::ZERO,
        verdict: Verdict::Success,
    };
    assert!(!store.record_exchange(other, &call.id, event(&owner, 1), attempt.clone()).await.unwrap());
    let foreign = EndCall { owner: other.into(), ..end(&call, EndReason::UserHangup) };
    assert!(!store.end_call(foreign).await.unwrap());
    assert_eq!(store.call(&owner, &call.id).await.unwrap().as_ref(), Some(&call), "nothing has changed");
    assert_eq!(store.deliveries(&owner, None, None, ALL).await.unwrap().total, 0);

    assert!(store.record_exchange(BOOT, &call.id, event(&owner, 1), attempt.clone()).await.unwrap());
    assert!(store.end_call(end(&call, EndReason::UserHangup)).await.unwrap());
    assert!(!store.record_exchange(BOOT, &call.id, event(&owner, 2), attempt).await.unwrap(), "it is over");
    assert!(!store.holds_call(BOOT, &call.id).await.unwrap());
    assert_eq!(store.deliveries(&owner, None, None, ALL).await.unwrap().total, 2);
}

async fn the_clock_is_the_databases_where_many_share_it(Fixture { store, .. }: Fixture) {
    let told = store.clock(at(0)).await.unwrap();
    match store.kind() {
        Db::Sqlite => assert_eq!(told, at(0)),
        Db::Postgres => assert!(told > at(50_000_000), "{told} is years after the caller's"),
    }
}
