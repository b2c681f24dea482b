//! The database goes away while calls are in progress.

use offhook_model::{
    call::EndReason,
    report::{CallReport, Role},
};
use offhook_server::{
    calls::lost::close_lost,
    spool::{
        Spool,
        replay::{ReplayError, write_down},
    },
};
use serde_json::json;

use crate::harness::{Relay, World, on_both, turn, with_relayed_postgres};

on_both!(what_a_process_left_in_its_spool_comes_before_its_calls_are_taken_for_lost);

async fn what_a_process_left_in_its_spool_comes_before_its_calls_are_taken_for_lost(world: World) {
    let (agent, number) = world.hosted().await;
    world.webhook(Some(&agent.id), "https://example.com/").await;
    let (ended, open) = (world.inbound(&number).await, world.inbound(&number).await);
    for call in [&ended, &open] {
        world.answer(call).await;
    }
    world.app.store().close().await;
    for call in [&ended, &open] {
        world.say(call, 0, Role::Agent, "Hello!").await;
    }
    world.end(&ended, EndReason::UserHangup).await;
    assert_eq!(world.app.calls().spool().unwrap().waiting(), 3);

    let next = world.restarted().await;
    let spool = Spool::open(world.directory(), 1024 * 1024).unwrap();
    assert_eq!(spool.waiting(), 3, "it is on the disk");
    assert_eq!(write_down(&next, &spool).await.unwrap(), 3);
    assert_eq!(close_lost(&next, next.now()).await.unwrap(), 1);
    for (call, reason) in [(&ended, EndReason::UserHangup), (&open, EndReason::NodeLost)] {
        let stored = next.store().call(&world.account, call).await.unwrap().unwrap();
        assert_eq!(stored.state.end_reason(), Some(reason));
        assert_eq!(next.store().turns(&world.account, call).await.unwrap().len(), 1);
    }
    // Once more, as after a crash in the middle: nothing is doubled.
    let again = Spool::open(world.directory(), 1024 * 1024).unwrap();
    assert!(again.is_empty());
    let page = offhook_store::Page { limit: 10, offset: 0 };
    let told = next.store().deliveries(&world.account, None, None, page).await.unwrap();
    assert_eq!(told.total, 2, "one event for each end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_call_reports_while_the_database_is_away_is_written_afterwards() {
    with_relayed_postgres(outage).await;
}

async fn outage(world: World, relay: Relay) {
    let (agent, number) = world.hosted().await;
    world.webhook(Some(&agent.id), "https://example.com/").await;
    let call = world.inbound(&number).await;
    world.answer(&call).await;
    relay.cut();
    let (status, headers, body) = world.request("GET", &format!("/v1/calls/{call}"), None).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (503, &json!("SERVICE_UNAVAILABLE")));
    assert_eq!(headers["retry-after"], "5");
    assert!(world.phone.hung_up.lock().unwrap().is_empty(), "the call goes on");

    world.report(&call, CallReport::Turn(turn(0, Role::Agent, "Hello!"))).await;
    world.end(&call, EndReason::UserHangup).await;
    let spool = world.app.calls().spool().unwrap();
    assert_eq!(spool.waiting(), 2);
    relay.mend();
    // As the worker does: connections that were cut answer once with an error.
    let mut tries = 0;
    while let Err(error) = write_down(&world.app, spool).await {
        tries += 1;
        assert!(matches!(&error, ReplayError::Store(error) if error.is_temporary()), "{error:?}");
        assert!(tries < 100, "the database does not come back");
    }
    assert!(spool.is_empty());
    let (_, detail) = world.get(&format!("/v1/calls/{call}")).await;
    assert_eq!(detail["status"], "completed");
    assert_eq!(detail["transcripts"][0]["response"], "Hello!");
    assert_eq!(world.deliveries().await.len(), 1, "one end, one event");
}
