//! Webhooks: set, tried out, logged.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, routing::post};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, on_both};

type Seen = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A receiver on loopback that answers with `status`, and what it saw.
async fn receiver(status: u16) -> (String, Seen) {
    async fn take(
        State((status, seen)): State<(StatusCode, Seen)>,
        headers: HeaderMap,
        body: String,
    ) -> (StatusCode, &'static str) {
        seen.lock().unwrap().push((headers, body));
        (status, "noted")
    }
    let seen = Seen::default();
    let status = StatusCode::from_u16(status).unwrap();
    let routes = Router::new().route("/hook", post(take)).with_state((status, Arc::clone(&seen)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, seen)
}

async fn set(world: &World, path: &str, url: &str) -> Value {
    world.post(path, json!({"url": url})).await.ok()
}

on_both! {
    async fn each_post_replaces_and_renews_the_secret(world) {
        assert_eq!(world.get("/v1/webhooks").await.ok(), Value::Null);
        let first = set(&world, "/v1/webhooks", "https://example.com/a").await;
        assert!(first["id"].as_str().unwrap().starts_with("wh_"));
        assert!(first["secret"].as_str().unwrap().starts_with("whsec_"));
        assert_eq!(first["status"], "active");
        assert_eq!((&first["contextLimit"], &first["timeout"]), (&json!(10), &json!(30)));
        let second = world
            .post("/v1/webhooks", json!({"url": "https://example.com/a", "contextLimit": 0, "timeout": 120}))
            .await
            .ok();
        assert_ne!(first["secret"], second["secret"]);
        assert_eq!(world.get("/v1/webhooks").await.ok(), second);
        assert_eq!(world.delete("/v1/webhooks").await.ok(), json!({"success": true}));
        assert_eq!(world.get("/v1/webhooks").await.ok(), Value::Null);
        world.delete("/v1/webhooks").await.refused(404, "NOT_FOUND");
    }

    async fn an_agents_webhook_is_its_own(world) {
        let path = format!("/v1/agents/{}/webhook", world.agent("A").await);
        set(&world, "/v1/webhooks", "https://example.com/account").await;
        assert_eq!(world.get(&path).await.ok(), Value::Null, "no fall-through");
        world.post(&format!("{path}/test"), json!({})).await.refused(404, "NOT_FOUND");
        let own = set(&world, &path, "https://example.com/agent").await;
        assert_eq!(world.get(&path).await.ok(), own);
        assert_eq!(world.get("/v1/webhooks").await.ok()["url"], "https://example.com/account");
        assert_eq!(world.delete(&path).await.ok(), json!({"success": true}));
        world.delete(&path).await.refused(404, "NOT_FOUND");
        for method in ["GET", "POST", "DELETE"] {
            let body = (method == "POST").then(|| json!({"url": "https://example.com"}));
            world.call(method, "/v1/agents/agt_x/webhook", body).await.refused(404, "NOT_FOUND");
        }
        world.get("/v1/agents/agt_x/webhook/deliveries").await.refused(404, "NOT_FOUND");
    }

    async fn a_test_event_is_signed_sent_once_and_logged(world) {
        let (url, seen) = receiver(200).await;
        let agent = world.agent("First").await;
        world.agent("Second").await;
        let number = world.number().await;
        let webhook = set(&world, "/v1/webhooks", &url).await;
        let result = world.call("POST", "/v1/webhooks/test", None).await.ok();
        assert_eq!((&result["success"], &result["httpStatus"], &result["statusCode"]),
            (&json!(true), &json!(200), &json!(200)));
        assert_eq!((&result["error"], &result["errorMessage"]), (&Value::Null, &Value::Null));
        assert!(result["responseMs"].is_u64());

        let (headers, body) = seen.lock().unwrap().remove(0);
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let timestamp = text("x-webhook-timestamp").parse().unwrap();
        let secret = webhook["secret"].as_str().unwrap();
        assert_eq!(text("x-webhook-signature"), offhook_voice::sign::sign(secret, timestamp, body.as_bytes()));
        assert_eq!(text("x-webhook-event"), "agent.message");
        let event: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&event["test"], &event["channel"], &event["agentId"]), (&json!(true), &json!("sms"), &json!(agent)));
        assert_eq!(event["conversationState"], json!({"testMode": true}));
        assert_eq!(event["recentHistory"], json!([]));
        assert_eq!(event["data"]["numberId"], json!(number));
        assert_eq!(event["data"]["from"], "+15550001234");
        assert_eq!(event["data"]["direction"], "inbound");

        let log = world.get("/v1/webhooks/deliveries").await.ok();
        assert_eq!(log["items"], log["data"]);
        assert_eq!((&log["total"], &log["limit"], &log["offset"]), (&json!(1), &json!(50), &json!(0)));
        let row = &log["items"][0];
        assert_eq!(row["id"], text("x-webhook-id"));
        assert_eq!((&row["eventType"], &row["event"]), (&json!("agent.message"), &json!("agent.message")));
        assert_eq!((&row["status"], &row["success"], &row["attemptCount"]), (&json!("success"), &json!(true), &json!(1)));
        assert_eq!((&row["responseBody"], &row["messageId"], &row["nextRetryAt"]),
            (&json!("noted"), &Value::Null, &Value::Null));
        assert_eq!(row["deliveredAt"], row["lastAttemptAt"]);
    }

    async fn a_failing_target_is_a_result_not_an_error(world) {
        let (url, seen) = receiver(500).await;
        set(&world, "/v1/webhooks", &url).await;
        let body = json!({"from": "+14155550111", "to": "+14155550122", "message": "Hi", "channel": "mms"});
        let result = world.post("/v1/webhooks/test", body).await.ok();
        assert_eq!((&result["success"], &result["httpStatus"]), (&json!(false), &json!(500)));
        assert_eq!(result["error"], "HTTP 500");
        let event: Value = serde_json::from_str(&seen.lock().unwrap()[0].1).unwrap();
        assert_eq!((&event["channel"], &event["agentId"]), (&json!("mms"), &Value::Null));
        assert_eq!((&event["data"]["message"], &event["data"]["to"]), (&json!("Hi"), &json!("+14155550122")));
        assert_eq!(seen.lock().unwrap().len(), 1, "never retried");
        set(&world, "/v1/webhooks", "http://127.0.0.1:1/").await;
        let result = world.post("/v1/webhooks/test", json!({})).await.ok();
        assert_eq!((&result["success"], &result["httpStatus"]), (&json!(false), &Value::Null));

        let stats = world.get("/v1/webhooks/deliveries/stats").await.ok();
        assert_eq!((&stats["total"], &stats["failed"], &stats["successRate"]), (&json!(2), &json!(2), &json!(0.0)));
        assert_eq!(stats["byEventType"], json!({"agent.message": {"total": 2, "success": 0, "failed": 2, "pending": 0}}));
        assert_eq!(stats["byHour"], json!([{"hour": "2025-01-15T10:00:00Z", "total": 2, "success": 0, "failed": 2}]));
        let all = world.get("/v1/webhooks/deliveries/all-time").await.ok();
        assert_eq!(all, json!({"total": 2, "success": 0, "failed": 2, "successRate": 0.0}));
    }

    async fn an_agents_log_is_a_bare_array_of_its_own_webhook(world) {
        let (url, _seen) = receiver(204).await;
        let agent = world.agent("A").await;
        let path = format!("/v1/agents/{agent}/webhook");
        set(&world, &path, &url).await;
        set(&world, "/v1/webhooks", &url).await;
        let result = world.call("POST", &format!("{path}/test"), None).await.ok();
        assert_eq!(result["success"], true);
        world.post("/v1/webhooks/test", json!({})).await.ok();
        let own = world.get(&format!("{path}/deliveries?hours=1&limit=5&offset=0")).await.ok();
        assert_eq!(own.as_array().unwrap().len(), 1);
        assert_eq!(world.get("/v1/webhooks/deliveries").await.ok()["total"], 2, "the account's log has both");
        let stats = world.get("/v1/webhooks/deliveries/stats?hours=168").await.ok();
        assert_eq!(stats["successRate"], 100.0);
    }

    async fn tests_need_a_webhook_and_a_known_agent(world) {
        world.post("/v1/webhooks/test", json!({})).await.refused(404, "NOT_FOUND");
        set(&world, "/v1/webhooks", "http://127.0.0.1:1/").await;
        world.post("/v1/webhooks/test?agentId=agt_x", json!({})).await.refused(404, "NOT_FOUND");
        let reply = world.post("/v1/webhooks/test", json!({"channel": "fax"})).await;
        reply.fault("body.channel", "literal_error");
        let empty = world.get("/v1/webhooks/deliveries/stats").await.ok();
        assert_eq!(empty, json!({"total": 0, "success": 0, "failed": 0, "pending": 0, "successRate": 0.0,
            "byEventType": {}, "byHour": []}));
    }
}
