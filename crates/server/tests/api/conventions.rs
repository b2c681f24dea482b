//! What holds for every route: paths, methods, queries, headers.

use axum::body::Body;
use http::{Request, header};
use serde_json::json;

use crate::world::{World, on_both};

on_both! {
    async fn query_limits_refuse_instead_of_clamping(world) {
        let agent = world.agent("A").await;
        for (path, max) in [
            ("/v1/agents".to_owned(), 100),
            ("/v1/numbers".to_owned(), 100),
            ("/v1/webhooks/deliveries".to_owned(), 100),
            ("/v1/numbers/available".to_owned(), 100),
            (format!("/v1/agents/{agent}/conversations"), 100),
            (format!("/v1/agents/{agent}/webhook/deliveries"), 100),
        ] {
            for (value, kind) in [
                ("0".to_owned(), "greater_than_equal"),
                ("-1".to_owned(), "greater_than_equal"),
                ((max + 1).to_string(), "less_than_equal"),
                ("ten".to_owned(), "int_parsing"),
                ("1.5".to_owned(), "int_parsing"),
                ("99999999999999999999".to_owned(), "int_parsing"),
            ] {
                world.get(&format!("{path}?limit={value}")).await.fault("query.limit", kind);
            }
            assert_eq!(world.get(&format!("{path}?limit={max}")).await.status, 200);
            assert_eq!(world.get(&format!("{path}?limit=1&limit=x&unknown=1")).await.status, 200);
            assert_eq!(world.get(&format!("{path}?limit=&offset=")).await.status, 200, "empty is absent");
        }
        world.get("/v1/agents?offset=-1").await.fault("query.offset", "greater_than_equal");
        world.get("/v1/agents?offset=x").await.fault("query.offset", "int_parsing");
        for hours in ["0", "169"] {
            assert_eq!(world.get(&format!("/v1/webhooks/deliveries?hours={hours}")).await.faults().len(), 1);
            assert_eq!(world.get(&format!("/v1/webhooks/deliveries/stats?hours={hours}")).await.faults().len(), 1);
        }
    }

    async fn odd_ids_are_not_found(world) {
        for id in ["x", "%00", "%ff", "%F0%9F%98%80", "..%2f..", "%2B14155550100", "%27%20OR%201=1--"] {
            let reply = world.get(&format!("/v1/agents/{id}")).await;
            assert_eq!(reply.status, 404, "{id}: {:#}", reply.body);
        }
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_answer_json_in_both_envelopes() {
    let world = World::sqlite().await;
    for path in ["/", "/v1", "/v1/nothing", "/v2/agents", "/v1/agents/x/y/z"] {
        assert_eq!(world.get(path).await.refused(404, "NOT_FOUND"), "Not Found", "{path}");
    }
    let reply = world.call("PUT", "/v1/agents", None).await;
    assert!(reply.headers.contains_key(header::ALLOW));
    assert_eq!(reply.refused(405, "METHOD_NOT_ALLOWED"), "Method Not Allowed");
}

#[tokio::test]
async fn a_trailing_slash_makes_no_difference() {
    let world = World::sqlite().await;
    let agent = world.post("/v1/agents/", json!({"name": "A"})).await.ok();
    let path = format!("/v1/agents/{}/", agent["id"].as_str().unwrap());
    assert_eq!(world.get(&path).await.ok(), agent);
    assert_eq!(world.get("/v1/agents/?limit=1").await.ok()["total"], 1);
    assert_eq!(world.get("/docs/").await.status, 200);
}

#[tokio::test]
async fn every_answer_carries_a_request_id() {
    let world = World::sqlite().await;
    let ask = async |id: &str| {
        let request = Request::get("/v1/nothing").header("x-request-id", id);
        let reply = world.send(request.body(Body::empty()).unwrap()).await;
        reply.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(ask("abc-1").await, "abc-1", "the client's is kept");
    let long = "x".repeat(65);
    for odd in ["", "a b", long.as_str()] {
        assert_eq!(ask(odd).await.len(), 36, "{odd:?} is replaced by a UUID");
    }
}

#[tokio::test]
async fn operators_see_health_readiness_and_documents_without_a_key() {
    let world = World::sqlite().await;
    let ask = async |path: &str| world.send(Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!(ask("/healthz").await.ok()["status"], "ok");
    let ready = ask("/readyz").await;
    assert_eq!(ready.status, 503, "no phone engine is connected");
    assert_eq!(ready.body["store"], "ok");
    assert_eq!(ready.body["phone"], "unavailable");
    assert_eq!(ready.body["llm"], "extractive");
    assert_eq!(ask("/openapi.json").await.ok()["openapi"], "3.1.0");
    assert_eq!(ask("/metrics").await.status, 200);
    world.app.store().close().await;
    assert_eq!(ask("/readyz").await.body["store"], "unavailable");
    let reply = world.get("/v1/agents").await;
    reply.refused(503, "SERVICE_UNAVAILABLE");
}
