//! `Idempotency-Key`: once, and the same answer again.

use std::time::Duration;

use axum::body::Body;
use futures::future::join_all;
use http::{Request, header};
use offhook_model::{
    agent::{Agent, AgentSettings},
    id::AgentId,
};
use offhook_server::idempotency::forget;
use offhook_store::{IdempotencyClaim, IdempotencyScope, StoredAnswer, Ticket};
use serde_json::{Value, json};

use crate::{
    texting::ANN,
    world::{Reply, World, on_both},
};

async fn keyed(world: &World, method: &str, path: &str, key: &str, body: impl Into<Body>) -> Reply {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
        .header("idempotency-key", key);
    world.send(request.body(body.into()).unwrap()).await
}

async fn post(world: &World, path: &str, key: &str, body: Value) -> Reply {
    keyed(world, "POST", path, key, body.to_string()).await
}

fn is_replayed(reply: &Reply) -> bool {
    reply.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

/// 50 at once: exactly one is done, the others are told its answer or to wait.
async fn fifty(world: &World, path: &str, body: Value) -> Value {
    let replies = join_all((0..50).map(|_| post(world, path, "same", body.clone()))).await;
    let mut done = Vec::new();
    for reply in replies {
        if reply.status == 409 {
            assert!(reply.headers.contains_key(header::RETRY_AFTER));
            continue;
        }
        done.push((is_replayed(&reply), reply.ok()));
    }
    assert_eq!(done.iter().filter(|(replayed, _)| !replayed).count(), 1);
    assert!(done.iter().all(|(_, body)| *body == done[0].1));
    let again = post(world, path, "same", body).await;
    assert!(is_replayed(&again));
    assert_eq!(again.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(again.ok(), done[0].1);
    done.remove(0).1
}

/// A claim whose request, `POST /v1/agents {"name": "A"}`, never came to an
/// end; its ticket.
async fn interrupted(world: &World, key: &str, owner: &str) -> Ticket {
    let keys = world.app.store().api_keys(&world.account).await.unwrap();
    // Of the same request, as the fingerprint is made.
    let done = post(world, "/v1/agents", "probe", json!({"name": "A"})).await;
    done.ok();
    let scope = |key: &str| IdempotencyScope {
        account_id: world.account.clone(),
        key_id: keys[0].id.clone(),
        idempotency_key: key.into(),
    };
    let mut claim = IdempotencyClaim {
        scope: scope("probe"),
        fingerprint: String::new(),
        owner: owner.into(),
        claim: "lost".into(),
        at: world.app.now(),
    };
    let found = world.app.store().claim_idempotency(claim.clone(), offhook_model::Timestamp::MIN).await;
    let offhook_store::Claimed::Earlier(earlier) = found.unwrap() else { panic!("the probe is there") };
    claim.fingerprint = earlier.fingerprint;
    claim.scope = scope(key);
    world.app.store().claim_idempotency(claim.clone(), offhook_model::Timestamp::MIN).await.unwrap();
    Ticket::new(claim.scope, claim.claim)
}

/// Does what the interrupted request would have done before it was.
async fn make_an_agent(world: &World, ticket: &Ticket, answer: Option<&'static str>) -> bool {
    let agent = Agent {
        id: AgentId::new(world.app.now(), rand::random()),
        account_id: world.account.clone(),
        settings: AgentSettings::named("A"),
        created_at: world.app.now(),
    };
    let effect = async {
        if let Some(body) = answer {
            let content_type = Some("application/json".to_owned());
            Ticket::promise(move |_rows: &u64| {
                Some(StoredAnswer {
                    status: 200,
                    content_type: content_type.clone(),
                    body: Some(body.into()),
                })
            });
        }
        world.app.store().create_agent(&agent).await
    };
    ticket.around(effect).await.is_ok()
}

on_both! {
    async fn fifty_identical_posts_make_one_agent(world) {
        let agent = fifty(&world, "/v1/agents", json!({"name": "A"})).await;
        let all = world.get("/v1/agents").await.ok();
        assert_eq!((&all["total"], &all["data"][0]["id"]), (&json!(1), &agent["id"]));
    }

    async fn fifty_identical_posts_buy_one_number(world) {
        fifty(&world, "/v1/numbers", json!({"areaCode": "415"})).await;
        assert_eq!(world.get("/v1/numbers").await.ok()["total"], 1);
    }

    async fn fifty_identical_posts_send_one_text(world) {
        let line = world.line("sms").await;
        fifty(&world, "/v1/messages", json!({"number_id": line.id, "to_number": ANN, "body": "once"})).await;
        world.hand_over().await;
        assert_eq!(world.bodies(ANN).await, ["once"]);
        assert_eq!(world.messages(&line).await.len(), 1);
    }

    async fn a_refusal_is_replayed_too(world) {
        let first = post(&world, "/v1/agents", "k", json!({"voiceMode": "hosted", "name": "A"})).await;
        assert_eq!(first.status, 400);
        let again = post(&world, "/v1/agents", "k", json!({"voiceMode": "hosted", "name": "A"})).await;
        assert!(is_replayed(&again));
        assert_eq!((again.status, again.body), (first.status, first.body));
    }

    async fn another_request_under_the_key_is_refused(world) {
        post(&world, "/v1/agents", "k", json!({"name": "A"})).await.ok();
        for (path, body) in [
            ("/v1/agents", json!({"name": "B"})),
            ("/v1/agents?x=1", json!({"name": "A"})),
            ("/v1/numbers", json!({"name": "A"})),
        ] {
            post(&world, path, "k", body).await.fault("header.Idempotency-Key", "value_error");
        }
        assert_eq!(world.get("/v1/agents").await.ok()["total"], 1);
    }

    async fn a_key_is_1_to_255_visible_ascii_characters(world) {
        for bad in ["", " ", "a b", "\u{e9}", &"x".repeat(256)] {
            let reply = post(&world, "/v1/agents", bad, json!({"name": "A"})).await;
            reply.fault("header.Idempotency-Key", "string_pattern_mismatch");
        }
        for good in ["x", "!~", &"x".repeat(255)] {
            post(&world, "/v1/agents", good, json!({"name": "A"})).await.ok();
        }
        assert_eq!(world.get("/v1/agents").await.ok()["total"], 3);
    }

    async fn keys_belong_to_an_account_and_an_api_key(world) {
        post(&world, "/v1/agents", "k", json!({"name": "A"})).await.ok();
        let (child, child_key) = world.add_account(Some(&world.account)).await;
        let narrowed = Request::post("/v1/agents")
            .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
            .header("x-sub-account-id", child.as_str())
            .header("idempotency-key", "k");
        let reply = world.send(narrowed.body(Body::from(r#"{"name":"B"}"#)).unwrap()).await;
        assert_eq!(reply.ok()["name"], "B");
        let other = Request::post("/v1/agents")
            .header(header::AUTHORIZATION, format!("Bearer {child_key}"))
            .header("idempotency-key", "k");
        let reply = world.send(other.body(Body::from(r#"{"name":"C"}"#)).unwrap()).await;
        assert_eq!(reply.ok()["name"], "C");
    }

    async fn only_posts_are_kept(world) {
        let agent = world.agent("A").await;
        let path = format!("/v1/agents/{agent}");
        for name in ["B", "C"] {
            let reply = keyed(&world, "PATCH", &path, "k", json!({"name": name}).to_string()).await;
            assert_eq!(reply.ok()["name"], name);
        }
    }

    async fn a_request_interrupted_before_it_did_anything_runs_when_it_comes_again(world) {
        let ours = world.app.calls().incarnation.clone();
        for (key, owner) in [("mine", ours.as_str()), ("theirs", "another-boot")] {
            let ticket = interrupted(&world, key, owner).await;
            let before = world.get("/v1/agents").await.ok()["total"].as_u64().unwrap();
            let reply = post(&world, "/v1/agents", key, json!({"name": "A"})).await;
            assert!(!is_replayed(&reply));
            let made = reply.ok();
            // The one that seemed dead wakes up: it has lost its key.
            assert!(!make_an_agent(&world, &ticket, None).await);
            let again = post(&world, "/v1/agents", key, json!({"name": "A"})).await;
            assert!(is_replayed(&again));
            assert_eq!(again.ok(), made);
            assert_eq!(world.get("/v1/agents").await.ok()["total"], before + 1);
        }
    }

    async fn a_request_interrupted_after_its_effect_is_answered_as_it_would_have_been(world) {
        let ticket = interrupted(&world, "k", "another-boot").await;
        assert!(make_an_agent(&world, &ticket, Some(r#"{"id":"the one"}"#)).await);
        for _ in 0..2 {
            let reply = post(&world, "/v1/agents", "k", json!({"name": "A"})).await;
            assert!(is_replayed(&reply));
            assert_eq!(reply.ok(), json!({"id": "the one"}));
        }
        assert_eq!(world.get("/v1/agents").await.ok()["total"], 2, "the probe's and that one");
    }

    async fn a_request_interrupted_in_the_middle_never_runs_again(world) {
        let ours = world.app.calls().incarnation.clone();
        for (key, owner) in [("mine", ours.as_str()), ("theirs", "another-boot")] {
            let ticket = interrupted(&world, key, owner).await;
            assert!(make_an_agent(&world, &ticket, None).await);
            let reply = post(&world, "/v1/agents", key, json!({"name": "A"})).await;
            assert!(!reply.headers.contains_key(header::RETRY_AFTER));
            assert!(reply.refused(409, "CONFLICT").contains("outcome is unknown"));
        }
        let now = world.app.store().clock(world.app.now()).await.unwrap();
        world.app.store().heartbeat("another-boot", now).await.unwrap();
        let reply = post(&world, "/v1/agents", "theirs", json!({"name": "A"})).await;
        assert_eq!(reply.headers[header::RETRY_AFTER], "1");
        assert!(reply.refused(409, "CONFLICT").contains("in progress"));
        assert_eq!(world.get("/v1/agents").await.ok()["total"], 3, "the probe's and two");
    }

    async fn every_creating_post_commits_its_answer_with_its_effect(world) {
        // In debug builds a promise that no transaction keeps is a panic.
        let line = world.line("sms").await;
        let agent = post(&world, "/v1/agents", "agent", json!({"name": "A"})).await.ok();
        let agent = agent["id"].as_str().unwrap();
        let hook = json!({"url": "https://example.com/hook"});
        for (path, body) in [
            ("/v1/contacts".to_owned(), json!({"phoneNumber": ANN, "name": "Ann"})),
            ("/v1/feedback".to_owned(), json!({"category": "praise", "note": "good"})),
            ("/v1/sub-accounts".to_owned(), json!({"name": "Sub"})),
            ("/v1/numbers".to_owned(), json!({"areaCode": "415"})),
            ("/v1/webhooks".to_owned(), hook.clone()),
            (format!("/v1/agents/{agent}/webhook"), hook),
            ("/v1/calls/web".to_owned(), json!({"agentId": agent})),
            ("/v1/messages".to_owned(), json!({"number_id": line.id, "to_number": ANN, "body": "hello"})),
        ] {
            let first = post(&world, &path, &path, body.clone()).await;
            assert!((200..300).contains(&first.status.as_u16()), "{path}: {}", first.body);
            let again = post(&world, &path, &path, body).await;
            assert!(is_replayed(&again), "{path}");
            assert_eq!((again.status, again.body), (first.status, first.body), "{path}");
        }
    }

    async fn a_key_is_forgotten_after_its_time(world) {
        post(&world, "/v1/agents", "k", json!({"name": "A"})).await.ok();
        world.advance(Duration::from_secs(24 * 3_600 - 60));
        assert!(is_replayed(&post(&world, "/v1/agents", "k", json!({"name": "A"})).await));
        assert_eq!(forget::sweep(&world.app).await.unwrap(), 0);
        world.advance(Duration::from_secs(60));
        assert!(!is_replayed(&post(&world, "/v1/agents", "k", json!({"name": "B"})).await));
        world.advance(Duration::from_secs(24 * 3_600));
        assert_eq!(forget::sweep(&world.app).await.unwrap(), 1);
        assert_eq!(world.get("/v1/agents").await.ok()["total"], 2);
    }

    async fn what_certainly_did_nothing_frees_its_key(world) {
        let agent = world.agent("A").await;
        let number = json!({"numberId": world.number().await});
        world.post(&format!("/v1/agents/{agent}/numbers"), number).await.ok();
        let body = json!({"agentId": agent, "toNumber": "+14155550123"});
        for _ in 0..2 {
            // No engine is connected: the call is not even stored.
            let reply = post(&world, "/v1/calls", "k", body.clone()).await;
            assert!(!is_replayed(&reply));
            reply.refused(503, "SERVICE_UNAVAILABLE");
        }
    }
}

#[tokio::test]
async fn without_a_store_nothing_runs() {
    let world = World::sqlite().await;
    world.app.store().close().await;
    post(&world, "/v1/agents", "k", json!({"name": "A"})).await.refused(503, "SERVICE_UNAVAILABLE");
}

#[tokio::test]
async fn a_body_above_the_cap_takes_no_key() {
    let world = World::sqlite().await;
    let huge = "a".repeat(1024 * 1024 + 1);
    keyed(&world, "POST", "/v1/agents", "k", huge).await.refused(413, "PAYLOAD_TOO_LARGE");
    post(&world, "/v1/agents", "k", json!({"name": "A"})).await.ok();
}
