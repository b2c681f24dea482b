//! The audit log: what leaves an entry, what is in it, who may read it.

use std::{net::SocketAddr, time::Duration};

use axum::body::Body;
use http::{Request, header};
use offhook_server::requests::client::Peer;
use serde_json::{Value, json};

use crate::world::{World, on_both};

async fn log(world: &World, query: &str) -> Vec<Value> {
    world.app.audit().settle().await;
    world.get(&format!("/offhook/v1/audit{query}")).await.ok()["data"].as_array().unwrap().clone()
}

fn brief(entries: &[Value]) -> Vec<(&str, u64)> {
    let brief = |entry: &'_ Value| entry["status"].as_u64().unwrap();
    entries.iter().map(|entry| (entry["operation"].as_str().unwrap(), brief(entry))).collect()
}

on_both! {
    async fn who_did_what_to_which_resource_is_written_down(world) {
        let mut request = Request::post("/v1/agents")
            .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
            .header("x-request-id", "req-1")
            .body(Body::from(r#"{"name":"Secret name"}"#))
            .unwrap();
        request.extensions_mut().insert(Peer("203.0.113.7:4711".parse::<SocketAddr>().unwrap()));
        let agent = world.send(request).await.ok();
        let entries = log(&world, "").await;
        let keys = world.app.store().api_keys(&world.account).await.unwrap();
        assert_eq!(entries.len(), 1);
        let mut entry = entries[0].clone();
        assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
        entry["hash"] = json!("");
        assert_eq!(entry.as_object_mut().unwrap().remove("at").unwrap().as_str().unwrap().len(), 24);
        assert_eq!(entry, json!({
            "sequence": 1, "source": "api", "keyId": keys[0].id, "accountId": world.account,
            "subAccountId": null, "operation": "createAgent", "method": "POST", "route": "/v1/agents",
            "resourceId": agent["id"], "withinId": null, "address": "203.0.113.7", "status": 200,
            "requestId": "req-1", "hash": "",
        }));
        assert!(!entries[0].to_string().contains("Secret"));
    }

    async fn reads_leave_no_entry_and_refusals_do(world) {
        let agent = world.agent("A").await;
        world.get("/v1/agents").await.ok();
        world.get(&format!("/v1/agents/{agent}")).await.ok();
        world.post("/v1/agents", json!({})).await.faults();
        world.delete("/v1/agents/agt_nobody").await.refused(404, "NOT_FOUND");
        world.delete("/v1/agents/+14155550100").await.refused(404, "NOT_FOUND");
        world.call_as("sk_live_wrong", "POST", "/v1/agents", Some(json!({}))).await.refused(401, "UNAUTHORIZED");
        world.call("PUT", "/v1/agents", None).await.refused(405, "METHOD_NOT_ALLOWED");
        let entries = log(&world, "").await;
        let expected = [("deleteAgent", 404), ("deleteAgent", 404), ("createAgent", 422), ("createAgent", 200)];
        assert_eq!(brief(&entries), expected);
        assert_eq!(entries[0]["resourceId"], json!(null), "a phone number is no id");
        assert_eq!(entries[1]["resourceId"], "agt_nobody");
    }

    async fn the_path_says_within_what(world) {
        let (agent, number) = (world.agent("A").await, world.number().await);
        let numbers = format!("/v1/agents/{agent}/numbers");
        world.post(&numbers, json!({"numberId": number})).await.ok();
        world.delete(&format!("{numbers}/{number}")).await.ok();
        let webhook = json!({"url": "https://example.com/x"});
        let webhook = world.post(&format!("/v1/agents/{agent}/webhook"), webhook).await.ok();
        let entries = log(&world, &format!("?resource={agent}")).await;
        let named: Vec<_> = entries.iter().map(|e| (e["resourceId"].clone(), e["withinId"].clone())).collect();
        let agent = json!(agent);
        assert_eq!(named, [
            (webhook["id"].clone(), agent.clone()),
            (json!(number), agent.clone()),
            (agent.clone(), json!(null)),
            (agent, json!(null)),
        ]);
    }

    async fn each_account_reads_its_own_log(world) {
        let (child, child_key) = world.add_account(Some(&world.account)).await;
        let (_, stranger) = world.add_account(None).await;
        world.agent("parent's").await;
        let narrowed = |method: &str, path: &str, body: &str| {
            Request::builder()
                .method(method)
                .uri(path)
                .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
                .header("x-sub-account-id", child.as_str())
                .body(Body::from(body.to_owned()))
                .unwrap()
        };
        world.send(narrowed("POST", "/v1/agents", r#"{"name":"A"}"#)).await.ok();
        let own = log(&world, "").await;
        assert_eq!(own.len(), 1);
        let childs = world.send(narrowed("GET", "/offhook/v1/audit", "")).await.ok()["data"].clone();
        assert_eq!(childs.as_array().unwrap().len(), 1);
        assert_eq!(childs[0]["accountId"], json!(world.account), "whose key it was");
        assert_eq!(childs[0]["subAccountId"], json!(child));
        let same = world.call_as(&child_key, "GET", "/offhook/v1/audit", None).await.ok();
        assert_eq!(same["data"], childs);
        let none = world.call_as(&stranger, "GET", "/offhook/v1/audit", None).await.ok();
        assert_eq!(none, json!({"data": [], "hasMore": false}));
    }

    async fn an_unknown_sub_account_is_written_to_the_parent(world) {
        let request = Request::post("/v1/agents")
            .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
            .header("x-sub-account-id", "sub_nobody");
        world.send(request.body(Body::from("{}")).unwrap()).await.refused(404, "NOT_FOUND");
        assert_eq!(brief(&log(&world, "").await), [("createAgent", 404)]);
    }

    async fn pages_and_filters_follow_the_cursor(world) {
        for n in 0..5 {
            world.agent(&n.to_string()).await;
            world.advance(Duration::from_secs(60));
        }
        world.number().await;
        let sequences = async |query: &str| -> Vec<u64> {
            log(&world, query).await.iter().map(|entry| entry["sequence"].as_u64().unwrap()).collect()
        };
        assert_eq!(sequences("?limit=2").await, [6, 5]);
        assert_eq!(sequences("?limit=2&before=5").await, [4, 3]);
        assert_eq!(sequences("?limit=2&after=1").await, [3, 2]);
        assert_eq!(sequences("?operation=createNumber").await, [6]);
        let third = log(&world, "?limit=1&before=4").await[0]["at"].as_str().unwrap().to_owned();
        assert_eq!(sequences(&format!("?since={third}&operation=createAgent")).await, [5, 4, 3]);
        assert_eq!(sequences(&format!("?until={third}")).await, [2, 1]);
        let page = world.get("/offhook/v1/audit?limit=6").await.ok();
        assert_eq!(page["hasMore"], false);
        assert_eq!(world.get("/offhook/v1/audit?limit=5").await.ok()["hasMore"], true);
        for (query, loc) in [("limit=0", "limit"), ("limit=201", "limit"), ("before=x", "before"),
            ("after=-1", "after"), ("since=yesterday", "since")] {
            let faults = world.get(&format!("/offhook/v1/audit?{query}")).await.faults();
            assert_eq!(faults[0].0, format!("query.{loc}"));
        }
    }

    async fn a_replayed_answer_leaves_no_second_entry(world) {
        for _ in 0..2 {
            let request = Request::post("/v1/agents")
                .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
                .header("idempotency-key", "k");
            world.send(request.body(Body::from(r#"{"name":"A"}"#)).unwrap()).await.ok();
        }
        assert_eq!(brief(&log(&world, "").await), [("createAgent", 200)]);
    }

    async fn a_2xx_means_that_its_entry_is_durable(world) {
        let creates = (0..40).map(|n| {
            let world = &world;
            async move {
                let id = world.agent(&n.to_string()).await;
                let found = world.get(&format!("/offhook/v1/audit?resource={id}")).await.ok();
                assert_eq!(found["data"].as_array().unwrap().len(), 1, "there at once");
            }
        });
        futures::future::join_all(creates).await;
        let verdict = world.app.store().verify_audit(&world.account).await.unwrap();
        assert_eq!((verdict.entries, verdict.fault), (40, None));
    }
}

#[tokio::test]
async fn without_a_store_requests_keep_their_own_answers() {
    let world = World::sqlite().await;
    world.agent("A").await;
    world.app.store().close().await;
    let entry = offhook_store::AuditEntry {
        account_id: world.account.clone(),
        at: world.app.now(),
        source: offhook_store::AuditSource::Api,
        key_id: None,
        key_account_id: None,
        operation: "createAgent".into(),
        method: "POST".into(),
        route: "/v1/agents".into(),
        resource_id: None,
        within_id: None,
        address: None,
        status: Some(200),
        request_id: None,
    };
    world.app.audit().write(entry).await;
    world.post("/v1/agents", json!({"name": "B"})).await.refused(503, "SERVICE_UNAVAILABLE");
}
