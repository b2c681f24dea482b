//! Deliveries seen, sent again, made up and watched over the API.

use std::time::Duration;

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::StreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Request, header};
use offhook_store::DeliveryStatus;
use serde_json::{Value, json};
use sha2::Sha256;
use tower::ServiceExt as _;

use crate::harness::{Receiver, World, on_both};

on_both!(
    a_failed_delivery_is_sent_again_under_its_id,
    a_delivered_one_is_sent_again_with_the_whole_schedule,
    a_span_is_sent_again_and_once,
    every_kind_of_event_can_be_made_up,
    attempts_are_watched_live,
    bad_requests_say_what_is_wrong,
);

const TRIGGER: &str = "/offhook/v1/deliveries";

async fn trigger(world: &World, event: &str) -> String {
    let (status, made) = world.post(TRIGGER, json!({"event": event})).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!((made["status"].as_str(), made["attemptCount"].as_u64()), (Some("pending"), Some(0)));
    made["id"].as_str().unwrap().to_owned()
}

async fn look(world: &World, id: &str) -> Value {
    let (status, delivery) = world.get(&format!("/offhook/v1/deliveries/{id}")).await;
    assert_eq!(status, 200, "{delivery}");
    delivery
}

async fn replay(world: &World, id: &str) -> (u16, Value) {
    let (status, body) = world.post(&format!("/offhook/v1/deliveries/{id}/replay"), json!({})).await;
    (status.as_u16(), body)
}

/// Verifies as the specification of Standard Webhooks says receivers must.
fn assert_standard(secret: &str, headers: &HeaderMap, body: &[u8], now: i64) {
    let header = |name: &str| headers[name].to_str().unwrap();
    let timestamp: i64 = header("webhook-timestamp").parse().unwrap();
    assert!((timestamp - now).abs() <= 300);
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{timestamp}.", header("webhook-id")).as_bytes());
    mac.update(body);
    let expected = STANDARD.encode(mac.finalize().into_bytes());
    let mut signatures = header("webhook-signature").split(' ').filter_map(|one| one.split_once(','));
    assert!(signatures.any(|(version, signature)| version == "v1" && signature == expected));
}

async fn a_failed_delivery_is_sent_again_under_its_id(world: World) {
    let (receiver, url) = Receiver::start().await;
    world.webhook(None, &url).await;
    receiver.answers(&[404]);
    let id = trigger(&world, "agent.message").await;
    assert_eq!(replay(&world, &id).await.0, 409, "still pending");
    world.deliverer().deliver_due().await.unwrap();
    assert_eq!(look(&world, &id).await["status"], "failed");
    let (status, pending) = replay(&world, &id).await;
    assert_eq!((status, pending["status"].as_str()), (200, Some("pending")));
    assert_eq!(replay(&world, &id).await.0, 409);
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1);
    let delivery = look(&world, &id).await;
    assert_eq!((delivery["status"].as_str(), delivery["attemptCount"].as_u64()), (Some("success"), Some(2)));
    let statuses: Vec<_> = delivery["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["httpStatus"].clone())
        .collect();
    assert_eq!(statuses, [404, 200]);
    assert_eq!(delivery["attempts"][1]["responseBody"].as_str().unwrap().len(), 10_000);
    assert_eq!(receiver.request(0).0["x-webhook-id"], receiver.request(1).0["x-webhook-id"]);
    assert_eq!(receiver.request(0).1, delivery["body"].as_str().unwrap().as_bytes());
    let (status, _, _) = world
        .request_as(&world.stranger().await, "POST", &format!("/offhook/v1/deliveries/{id}/replay"), None)
        .await;
    assert_eq!(status, 404);
}

async fn a_delivered_one_is_sent_again_with_the_whole_schedule(world: World) {
    let (receiver, url) = Receiver::start().await;
    world.webhook(None, &url).await;
    receiver.answers(&[200, 500, 500, 500, 500, 500, 500]);
    let id = trigger(&world, "agent.reaction").await;
    world.deliverer().deliver_due().await.unwrap();
    assert_eq!(replay(&world, &id).await.0, 200);
    for attempt in 0..6 {
        assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1, "attempt {attempt}");
        world.advance(Duration::from_secs(14 * 3600));
    }
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 0);
    let delivery = look(&world, &id).await;
    assert_eq!((delivery["status"].as_str(), delivery["attemptCount"].as_u64()), (Some("failed"), Some(7)));
}

async fn a_span_is_sent_again_and_once(world: World) {
    let (receiver, url) = Receiver::start().await;
    world.webhook(None, &url).await;
    receiver.answers(&[400, 400, 400, 400]);
    let begun = world.app.now();
    for event in ["agent.message", "agent.message", "agent.reaction", "agent.call_ended", "agent.message"] {
        world.advance(Duration::from_secs(1));
        trigger(&world, event).await;
        world.deliverer().deliver_due().await.unwrap();
    }
    world.advance(Duration::from_secs(1));
    let body = json!({"since": begun.to_string(), "event": "agent.message"});
    let (status, answer) = world.post("/offhook/v1/deliveries/replay", body.clone()).await;
    assert_eq!((status.as_u16(), &answer["replayed"], &answer["hasMore"]), (200, &json!(2), &json!(false)));
    world.advance(Duration::from_secs(1));
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 2);
    // Asked again for the same span, also of what has arrived: nothing happens.
    for state in ["failed", "success"] {
        let mut again = body.clone();
        again["until"] = answer["until"].clone();
        again["status"] = json!(state);
        let (_, answer) = world.post("/offhook/v1/deliveries/replay", again).await;
        assert_eq!(answer["replayed"], if state == "success" { 1 } else { 0 }, "{state}");
    }
    let (_, page) = world.get("/offhook/v1/deliveries?status=failed").await;
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    let failed = world.deliveries().await.into_iter().filter(|row| row.status == DeliveryStatus::Failed);
    assert_eq!(failed.count(), 2);
}

async fn every_kind_of_event_can_be_made_up(world: World) {
    let (receiver, url) = Receiver::start().await;
    let webhook = world.webhook(None, &url).await;
    let kinds = ["agent.message", "agent.call_ended", "agent.reaction", "agent.contact_shared"];
    for (n, kind) in kinds.iter().enumerate() {
        trigger(&world, kind).await;
        assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1);
        let (headers, body) = receiver.request(n);
        assert_eq!(headers["x-webhook-event"], *kind);
        let now = world.app.now().as_second();
        assert_standard(&webhook.secret, &headers, &body, now);
        assert_eq!(headers["x-webhook-signature"], offhook_voice::sign::sign(&webhook.secret, now, &body));
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["event"], &body["test"]), (&json!(kind), &json!(true)));
    }
}

async fn attempts_are_watched_live(world: World) {
    let (receiver, url) = Receiver::start().await;
    world.webhook(None, &url).await;
    receiver.answers(&[500]);
    let request = Request::get("/offhook/v1/deliveries/stream")
        .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
        .body(Body::empty())
        .unwrap();
    let response = offhook_server::router(world.app.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut frames = response.into_body().into_data_stream();
    let mut next = async || {
        let frame = frames.next().await.unwrap().unwrap();
        let frame = std::str::from_utf8(&frame).unwrap().to_owned();
        let (event, data) = frame.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.trim().strip_prefix("data: ").unwrap()).unwrap();
        (event.strip_prefix("event: ").unwrap().to_owned(), data)
    };
    assert_eq!(next().await.0, "connected");
    let id = trigger(&world, "agent.message").await;
    world.deliverer().deliver_due().await.unwrap();
    let (event, attempt) = next().await;
    assert_eq!((event.as_str(), &attempt["id"], &attempt["attempt"]), ("attempt", &json!(id), &json!(1)));
    assert_eq!((&attempt["httpStatus"], &attempt["status"]), (&json!(500), &json!("pending")));
    assert_eq!((&attempt["endpointState"], &attempt["error"]), (&json!("failing"), &json!("HTTP 500")));
    assert!(attempt["nextRetryAt"].is_string());
    world.advance(Duration::from_secs(600));
    world.deliverer().deliver_due().await.unwrap();
    let (_, attempt) = next().await;
    assert_eq!((&attempt["attempt"], &attempt["status"]), (&json!(2), &json!("success")));
    assert_eq!(attempt["body"], look(&world, &id).await["body"]);
}

async fn bad_requests_say_what_is_wrong(world: World) {
    let status = async |path: &str, body: Value| world.post(path, body).await.0.as_u16();
    assert_eq!(status(TRIGGER, json!({"event": "agent.message"})).await, 404, "no webhook");
    assert_eq!(status(TRIGGER, json!({"event": "message.received"})).await, 422);
    let many = "/offhook/v1/deliveries/replay";
    assert_eq!(status(many, json!({})).await, 422);
    assert_eq!(status(many, json!({"since": "2025-01-15T10:30:00Z", "status": "pending"})).await, 422);
    assert_eq!(
        status(many, json!({"since": "2025-01-15T10:30:00Z", "until": "2999-01-01T00:00:00Z"})).await,
        422
    );
    assert_eq!(status(many, json!({"since": "2025-01-15T10:30:00Z", "agentId": "agt_none"})).await, 404);
    assert_eq!(world.get("/offhook/v1/deliveries?before=nothing").await.0, 404);
    assert_eq!(world.get("/offhook/v1/deliveries?status=lost").await.0, 422);
}
