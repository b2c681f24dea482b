//! The bus as watchers see it.

use std::time::Duration;

use offhook_bus::{BUFFER, Bus, CallEnded, LiveEvent, Signal};
use offhook_model::{
    Timestamp,
    call::{CallState, EndReason},
    id::CallId,
    report::{Role, Turn},
};

fn turn(index: u32) -> LiveEvent {
    LiveEvent::Turn(Turn {
        index,
        role: Role::User,
        text: format!("turn {index}"),
        confidence: Some(0.5),
        at: Timestamp::UNIX_EPOCH,
        interrupted: false,
        latency: None,
    })
}

fn ended() -> LiveEvent {
    LiveEvent::Ended(CallEnded {
        state: CallState::Completed(EndReason::UserHangup),
        at: Timestamp::UNIX_EPOCH,
        talk_time: Duration::from_secs(1),
    })
}

#[tokio::test]
async fn every_watcher_gets_every_event_in_order_until_the_end() {
    let (bus, call) = (Bus::local(), CallId::from("call_1"));
    let (mut one, mut two) = (bus.subscribe(&call), bus.clone().subscribe(&call));
    bus.publish(&call, LiveEvent::State(CallState::Answered));
    bus.publish(&call, turn(0));
    bus.publish(&call, ended());
    for watcher in [&mut one, &mut two] {
        assert_eq!(watcher.next().await, Some(Signal::Event(LiveEvent::State(CallState::Answered))));
        assert_eq!(watcher.next().await, Some(Signal::Event(turn(0))));
        assert_eq!(watcher.next().await, Some(Signal::Event(ended())));
        assert_eq!(watcher.next().await, None);
    }
}

#[tokio::test]
async fn events_of_other_calls_stay_away() {
    let bus = Bus::local();
    let mut watcher = bus.subscribe(&CallId::from("call_1"));
    bus.publish(&CallId::from("call_2"), turn(0));
    bus.publish(&CallId::from("call_1"), ended());
    assert_eq!(watcher.next().await, Some(Signal::Event(ended())));
}

#[tokio::test]
async fn a_slow_watcher_is_told_to_resynchronise_and_still_sees_the_end() {
    let (bus, call) = (Bus::local(), CallId::from("call_1"));
    let mut watcher = bus.subscribe(&call);
    for index in 0..u32::try_from(BUFFER).unwrap() + 10 {
        bus.publish(&call, turn(index));
    }
    bus.publish(&call, ended());
    assert_eq!(watcher.next().await, Some(Signal::Resync));
    let mut last = None;
    while let Some(signal) = watcher.next().await {
        last = Some(signal);
    }
    assert_eq!(last, Some(Signal::Event(ended())));
}

#[tokio::test]
async fn nothing_is_kept_for_calls_nobody_watches() {
    let (bus, call) = (Bus::local(), CallId::from("call_1"));
    bus.publish(&call, turn(0));
    assert_eq!(bus.watched_calls(), 0);
    let (one, two) = (bus.subscribe(&call), bus.subscribe(&call));
    drop(one);
    assert_eq!(bus.watched_calls(), 1);
    drop(two);
    assert_eq!(bus.watched_calls(), 0);
}

#[tokio::test]
async fn a_late_watcher_of_an_ended_call_does_not_disturb_and_leaves_nothing() {
    let (bus, call) = (Bus::local(), CallId::from("call_1"));
    let mut early = bus.subscribe(&call);
    bus.publish(&call, ended());
    assert_eq!(bus.watched_calls(), 0);
    let late = bus.subscribe(&call);
    assert_eq!(early.next().await, Some(Signal::Event(ended())));
    drop(early);
    assert_eq!(bus.watched_calls(), 1);
    drop(late);
    assert_eq!(bus.watched_calls(), 0);
}
