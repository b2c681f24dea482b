//! SIGTERM while a call goes on.

use std::time::{Duration, Instant};

use offhook_engine::leg::LegEnd;
use offhook_testkit::{
    agent::probe::{SipProbe, header_of},
    doubles::chat::{ChatReply, ChatScript},
};
use serde_json::json;

use crate::{
    server::{Db, KEY},
    stage::{CALLER, HOURS, SOON, Stage, assert_heard, hear, rows, said},
};

const ANSWER: &str = "We are open from nine to five.";
const GOODBYE: &str = "I must end this call now. Please call again.";

fn script() -> ChatScript {
    ChatScript::default().when("opening hours", ChatReply::say(ANSWER))
}

/// Waits until the server says that it is about to stop.
async fn draining(stage: &Stage) {
    let start = Instant::now();
    loop {
        let ready = stage.fetch("/readyz", &[]).await;
        if ready.status() == 503 {
            let ready: serde_json::Value = ready.json().await.unwrap();
            assert_eq!((&ready["status"], &ready["store"]), (&json!("draining"), &json!("ok")));
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "ready for five seconds after SIGTERM");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_takes_no_calls_lets_the_running_one_go_on_and_ends_it_with_a_goodbye() {
    let settings = [("SIP__DRAIN", "8s"), ("SIP__DRAIN_GOODBYE", GOODBYE)];
    let mut stage = Stage::start(Db::Sqlite, script(), &settings).await;
    stage.account_webhook().await;
    let agent = stage.agent(&json!({})).await;
    let mut call = stage.greeted(&agent).await;
    let id = stage.latest().await;
    stage.server.terminate();
    draining(&stage).await;

    // Nothing new: not by SIP, not by the API.
    let probe = SipProbe::open(stage.server.sip).await.unwrap();
    for method in ["OPTIONS", "INVITE"] {
        let uri = format!("sip:{}@{}", agent.number, stage.server.sip);
        probe.send(probe.request(method, &uri, method, 1, &[], "").unwrap().as_bytes()).await.unwrap();
        let (status, text) = probe.final_response(SOON).await.unwrap();
        assert_eq!((status, header_of(&text, "retry-after")), (503, Some("10")), "{text}");
    }
    let mut refused = stage.phone.call(stage.server.sip, &agent.number, CALLER).unwrap();
    assert_eq!(refused.ended(SOON).await, Some(LegEnd::Refused(503)));
    let body = json!({"agentId": agent.id, "toNumber": "+15005550001"});
    let request = reqwest::Client::new().post(stage.server.url("/v1/calls")).bearer_auth(KEY).json(&body);
    let refused = request.send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"5".parse().unwrap()));

    // The call and the API go on.
    assert_eq!(stage.get(&format!("/v1/calls/{id}")).await["status"], "in-progress");
    assert_heard(ANSWER, &stage.ask(&mut call, HOURS).await);
    assert_heard(GOODBYE, &hear(&mut call).await);
    assert_eq!(call.ended(SOON).await, Some(LegEnd::PeerHangup));
    let code = tokio::task::block_in_place(|| stage.server.exited(Duration::from_secs(20)));
    assert_eq!(code, Some(0), "{}", stage.server.log());

    // Its end was told before the process went.
    let event = stage.hook.event("agent.call_ended", Duration::from_secs(1)).await.expect("agent.call_ended");
    assert_eq!(
        (&event["data"]["callId"], &event["data"]["disconnectionReason"]),
        (&json!(id), &json!("shutdown"))
    );
    tokio::task::block_in_place(|| stage.server.start_again());
    let over = stage.get(&format!("/v1/calls/{id}")).await;
    assert_eq!(over["disconnectionReason"], "shutdown", "{over:#}");
    assert_eq!(rows(&over), said(&[("", "Hello and welcome."), (HOURS, &format!("{ANSWER} {GOODBYE}"))]));
    assert_eq!(stage.get("/v1/calls").await["total"], 1, "the refused ones left nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_by_itself_ends_the_drain() {
    let mut stage = Stage::start(Db::Sqlite, script(), &[("SIP__DRAIN", "10m")]).await;
    stage.account_webhook().await;
    let agent = stage.agent(&json!({})).await;
    let mut call = stage.greeted(&agent).await;
    stage.server.terminate();
    draining(&stage).await;
    assert_heard(ANSWER, &stage.ask(&mut call, HOURS).await);
    call.hang_up().await;
    let code = tokio::task::block_in_place(|| stage.server.exited(Duration::from_secs(20)));
    assert_eq!(code, Some(0), "{}", stage.server.log());
    let event = stage.hook.event("agent.call_ended", Duration::from_secs(1)).await.expect("agent.call_ended");
    assert_eq!(event["data"]["disconnectionReason"], "user_hangup");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sigterm_stops_at_once_and_the_next_start_closes_the_call() {
    let mut stage = Stage::start(Db::Sqlite, script(), &[("SIP__DRAIN", "10m")]).await;
    stage.account_webhook().await;
    let agent = stage.agent(&json!({})).await;
    let _call = stage.greeted(&agent).await;
    let id = stage.latest().await;
    stage.server.terminate();
    draining(&stage).await;
    stage.server.terminate();
    let code = tokio::task::block_in_place(|| stage.server.exited(Duration::from_secs(10)));
    assert_eq!(code, Some(1), "{}", stage.server.log());
    tokio::task::block_in_place(|| stage.server.start_again());
    let over = stage.ended(&id, SOON).await;
    assert_eq!(over["disconnectionReason"], "node_lost", "{over:#}");
    stage.hook.event("agent.call_ended", SOON).await.expect("agent.call_ended");
}
