//! A full disk and a store that is away.

use http::header;
use serde_json::json;

use crate::world::{Reply, World};

#[track_caller]
fn asks_to_come_back(reply: Reply) {
    assert_eq!(reply.headers[header::RETRY_AFTER], "5");
    let detail = reply.refused(503, "SERVICE_UNAVAILABLE");
    assert!(!detail.contains("sqlite") && !detail.contains("disk"), "nothing of ours is shown: {detail}");
}

#[tokio::test]
async fn a_full_disk_refuses_what_is_new_and_still_reads() {
    let world = World::on_a_small_disk().await;
    let agent = world.agent("A").await;
    for _ in 0..2 {
        asks_to_come_back(
            world.post("/v1/agents", json!({"name": "B", "description": "x".repeat(500_000)})).await,
        );
    }
    assert_eq!(world.get(&format!("/v1/agents/{agent}")).await.ok()["name"], "A");
    assert_eq!(world.get("/healthz").await.status, 200);
    // What fits still goes in.
    world.agent("C").await;
}

#[tokio::test]
async fn a_store_that_is_away_is_a_503_with_a_time_to_come_back() {
    let world = World::sqlite().await;
    world.app.store().close().await;
    asks_to_come_back(world.get("/v1/agents").await);
    asks_to_come_back(world.post("/v1/numbers", json!({})).await);
    assert_eq!(world.get("/healthz").await.status, 200);
    let ready = world.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.body["store"]), (503, &json!("unavailable")));
}
