//! `/offhook/v1/sim/…` without the simulated carrier.

use serde_json::json;

use crate::harness::{World, on_both};

on_both!(the_simulation_is_refused_unless_its_carrier_is_on);

async fn the_simulation_is_refused_unless_its_carrier_is_on(world: World) {
    let (_, number) = world.hosted().await;
    assert_eq!(world.get("/offhook/v1/sim/test-numbers").await.0, 404);
    let call = json!({"toNumber": number.phone_number, "say": ["Hello"]});
    assert_eq!(world.post("/offhook/v1/sim/calls", call).await.0, 404);
    assert_eq!(world.post("/offhook/v1/sim/calls", json!({"toNumber": "x"})).await.0, 422);
    assert_eq!(world.request_as("sk_live_x", "GET", "/offhook/v1/sim/test-numbers", None).await.0, 401);
}
