//! `Idempotency-Key` on `POST /v1/calls`.

use offhook_model::call::EndReason;
use serde_json::json;

use crate::harness::{World, on_both};

on_both!(fifty_identical_posts_dial_once, the_cap_frees_the_key);

async fn fifty_identical_posts_dial_once(world: World) {
    let (agent, _) = world.hosted().await;
    let body = json!({"agentId": agent.id, "toNumber": "+14155559999"});
    let posts = (0..50).map(|_| world.post_once("/v1/calls", "same", &body));
    let answers = futures::future::join_all(posts).await;
    let mut calls: Vec<_> =
        answers.iter().filter(|(status, _)| *status == 200).map(|(_, call)| call).collect();
    assert!(answers.iter().all(|(status, _)| *status == 200 || *status == 409));
    calls.dedup();
    assert_eq!(calls.len(), 1, "one call, whoever is answered");
    assert_eq!(world.post_once("/v1/calls", "same", &body).await, (http::StatusCode::OK, calls[0].clone()));
    assert_eq!(world.get("/v1/calls").await.1["total"], 1);
    world.until(|| !world.phone.dialled.lock().unwrap().is_empty()).await;
    assert_eq!(world.phone.dialled.lock().unwrap().len(), 1);
}

async fn the_cap_frees_the_key(world: World) {
    let (agent, _) = world.hosted().await;
    let body = json!({"agentId": agent.id, "toNumber": "+14155559999"});
    let mut first = String::new();
    for n in 0..5 {
        let (status, call) = world.post_once("/v1/calls", &n.to_string(), &body).await;
        assert_eq!(status, 200, "{call}");
        first = call["id"].as_str().unwrap().to_owned();
    }
    assert_eq!(world.post_once("/v1/calls", "sixth", &body).await.0, 429);
    world.end(&first.as_str().into(), EndReason::UserHangup).await;
    let answer = world.post_once("/v1/calls", "sixth", &body).await;
    assert_eq!(answer.0, 200, "the refusal left nothing behind: {}", answer.1);
}
