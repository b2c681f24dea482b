//! `POST /v1/calls/web`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{World, on_both};

on_both!(
    a_browser_call_gets_a_token_for_thirty_seconds,
    a_call_nobody_joins_fails,
    a_waiting_browser_call_can_be_ended,
    web_refusals_have_their_statuses,
);

async fn a_browser_call_gets_a_token_for_thirty_seconds(world: World) {
    let (agent, _) = world.hosted().await;
    let (status, call) =
        world.post("/v1/calls/web", json!({"agentId": agent.id, "metadata": {"a": [1]}})).await;
    assert_eq!(status, 200, "{call}");
    assert_eq!(
        (&call["fromNumber"], &call["toNumber"], &call["direction"]),
        (&json!("web"), &json!("web"), &json!("web"))
    );
    assert_eq!((&call["status"], &call["id"]), (&json!("in-progress"), &call["callId"]));
    let token = call["accessToken"].as_str().unwrap();
    let claims = world.app.calls().tokens.verify(token, world.app.now()).unwrap();
    assert_eq!(claims.sub, call["callId"]);
    world.advance(Duration::from_secs(30));
    assert!(world.app.calls().tokens.verify(token, world.app.now()).is_err());
    let (_, again) = world.post("/v1/calls/web", json!({"agentId": agent.id})).await;
    let next =
        world.app.calls().tokens.verify(again["accessToken"].as_str().unwrap(), world.app.now()).unwrap();
    assert_ne!(next.jti, claims.jti);
}

async fn a_call_nobody_joins_fails(world: World) {
    let (agent, _) = world.hosted().await;
    world.webhook(None, "https://example.com/").await;
    let (_, call) = world.post("/v1/calls/web", json!({"agentId": agent.id, "metadata": {"order": 7}})).await;
    let id = call["id"].as_str().unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    let ended = world.until_status(&id.into(), "failed").await;
    assert_eq!((&ended["type"], &ended["durationSeconds"]), (&json!("web"), &json!(0)));
    let events = world.deliveries().await;
    let body: Value = serde_json::from_str(&events[0].event.body).unwrap();
    assert_eq!(body["data"]["metadata"], json!({"order": 7}));
}

async fn a_waiting_browser_call_can_be_ended(world: World) {
    let (agent, _) = world.hosted().await;
    let (_, call) = world.post("/v1/calls/web", json!({"agentId": agent.id})).await;
    let path = format!("/v1/calls/{}/end", call["id"].as_str().unwrap());
    let (status, _, ending) = world.request("POST", &path, None).await;
    assert_eq!((status.as_u16(), &ending["status"]), (200, &json!("ending")));
    assert_eq!(world.request("POST", &path, None).await.0, 409);
    let ended = world.until_status(&call["id"].as_str().unwrap().into(), "failed").await;
    assert_eq!(ended["disconnectionReason"], "api_hangup");
}

async fn web_refusals_have_their_statuses(world: World) {
    let (hosted, _) = world.hosted().await;
    let silent = world.bare_agent(|_| {}).await;
    for (body, expected) in [
        (json!({}), 422),
        (json!({"agentId": hosted.id, "metadata": 7}), 422),
        (json!({"agentId": hosted.id, "variables": {"a": {}}}), 422),
        (json!({"agentId": "agt_nobody"}), 404),
        (json!({"agentId": silent.id}), 400),
    ] {
        assert_eq!(world.post("/v1/calls/web", body.clone()).await.0, expected, "{body}");
    }
    for _ in 0..5 {
        assert_eq!(world.post("/v1/calls/web", json!({"agentId": hosted.id})).await.0, 200);
    }
    assert_eq!(world.post("/v1/calls/web", json!({"agentId": hosted.id})).await.0, 429);
}
