//! `/offhook/v1/sim/…` without the simulated carrier.

use offhook_engine::endpoint::Handset;
use serde_json::json;

use crate::harness::{World, on_both};

on_both!(the_simulation_is_refused_unless_its_carrier_is_on, registered_handsets_are_listed);

async fn the_simulation_is_refused_unless_its_carrier_is_on(world: World) {
    let (_, number) = world.hosted().await;
    assert_eq!(world.get("/offhook/v1/sim/test-numbers").await.0, 404);
    let call = json!({"toNumber": number.phone_number, "say": ["Hello"]});
    assert_eq!(world.post("/offhook/v1/sim/calls", call).await.0, 404);
    assert_eq!(world.post("/offhook/v1/sim/calls", json!({"toNumber": "x"})).await.0, 422);
    assert_eq!(world.request_as("sk_live_x", "GET", "/offhook/v1/sim/test-numbers", None).await.0, 401);
}

async fn registered_handsets_are_listed(world: World) {
    assert_eq!(world.get("/offhook/v1/sim/handsets").await.1, json!({"data": []}));
    let expires_in = std::time::Duration::from_millis(59_900);
    let handset = Handset { user: "+15005550123".to_owned(), devices: 2, expires_in };
    world.phone.registered.lock().unwrap().push(handset);
    let row = json!({"phoneNumber": "+15005550123", "devices": 2, "expiresInSeconds": 59});
    assert_eq!(world.get("/offhook/v1/sim/handsets").await.1, json!({"data": [row]}));
    assert_eq!(world.request_as("sk_live_x", "GET", "/offhook/v1/sim/handsets", None).await.0, 401);
}
