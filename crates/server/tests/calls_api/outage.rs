//! The database goes away while calls are in progress.

use std::time::Duration;

use offhook_model::{
    call::EndReason,
    report::{CallReport, Role},
};
use serde_json::json;

use crate::harness::{Relay, World, turn, with_relayed_postgres};

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

    let reporting = async {
        world.report(&call, CallReport::Turn(turn(0, Role::Agent, "Hello!"))).await;
        world.end(&call, EndReason::UserHangup).await;
    };
    let mending = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        relay.mend();
    };
    futures::join!(reporting, mending);
    let (_, detail) = world.get(&format!("/v1/calls/{call}")).await;
    assert_eq!(detail["status"], "completed");
    assert_eq!(detail["transcripts"][0]["response"], "Hello!");
    assert_eq!(world.deliveries().await.len(), 1, "one end, one event");
}
