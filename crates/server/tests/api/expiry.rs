//! Numbers that end by themselves (`expiresAt`).

use std::time::Duration;

use offhook_model::Timestamp;
use offhook_server::expire;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::world::{World, on_both};

/// A new number that ends so many seconds from now; its path.
async fn ending(world: &World, seconds: i64) -> String {
    let end = Timestamp::from_second(world.app.now().as_second() + seconds).unwrap();
    let number = world.post("/v1/numbers", json!({"areaCode": "415", "expiresAt": end})).await.ok();
    format!("/v1/numbers/{}", number["id"].as_str().unwrap())
}

async fn status(world: &World, path: &str) -> Value {
    world.get(path).await.ok()["status"].clone()
}

async fn pass(world: &World) -> u32 {
    expire::release_due(&world.app, world.app.now()).await.unwrap()
}

on_both! {
    async fn a_number_is_released_at_its_end_and_not_before(world) {
        let agent = world.agent("A").await;
        let path = ending(&world, 60).await;
        let number = path.rsplit('/').next().unwrap();
        world.post(&format!("/v1/agents/{agent}/numbers"), json!({"numberId": number})).await.ok();
        let forever = format!("/v1/numbers/{}", world.number().await);
        assert_eq!(pass(&world).await, 0);
        assert_eq!(status(&world, &path).await, "active");
        world.advance(Duration::from_secs(61));
        assert_eq!(pass(&world).await, 0);
        let gone = world.get(&path).await.ok();
        assert_eq!((&gone["status"], &gone["agentId"]), (&json!("released"), &Value::Null));
        assert_eq!(status(&world, &forever).await, "active");
        world.delete(&path).await.refused(400, "BAD_REQUEST");
    }

    async fn an_end_that_was_moved_counts_where_it_is_now(world) {
        let (later, never) = (ending(&world, 60).await, ending(&world, 60).await);
        world.patch(&later, json!({"expiresAt": "2030-01-01T00:00:00Z"})).await.ok();
        world.patch(&never, json!({"expiresAt": null})).await.ok();
        world.advance(Duration::from_secs(61));
        pass(&world).await;
        assert_eq!(status(&world, &later).await, "active");
        assert_eq!(status(&world, &never).await, "active");
        let next = world.app.store().next_number_expiry(world.app.now()).await.unwrap();
        assert_eq!(next, Some("2030-01-01T00:00:00Z".parse().unwrap()));
    }

    async fn one_the_carrier_keeps_does_not_hold_up_the_others(world) {
        let (kept, other) = (ending(&world, 10).await, ending(&world, 20).await);
        let number = world.get(&kept).await.ok()["phoneNumber"].as_str().unwrap().parse().unwrap();
        *world.carrier.keeps.lock().unwrap() = Some(number);
        world.advance(Duration::from_secs(30));
        assert_eq!(pass(&world).await, 1);
        assert_eq!(status(&world, &kept).await, "active", "the account still pays for it");
        assert_eq!(status(&world, &other).await, "released");
        *world.carrier.keeps.lock().unwrap() = None;
        assert_eq!(pass(&world).await, 0);
        assert_eq!(status(&world, &kept).await, "released");
    }

    async fn the_worker_wakes_for_an_end_given_while_it_sleeps(world) {
        let stop = CancellationToken::new();
        let worker = tokio::spawn(expire::run(world.app.clone(), stop.clone()));
        let path = ending(&world, 1).await;
        // Only the clock of the test has moved: the worker must look by itself.
        world.advance(Duration::from_secs(2));
        for _ in 0..500 {
            if status(&world, &path).await == "released" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(status(&world, &path).await, "released");
        stop.cancel();
        worker.await.unwrap();
    }
}

#[tokio::test]
async fn the_worker_survives_a_store_that_fails() {
    let world = World::sqlite().await;
    world.app.store().close().await;
    let stop = CancellationToken::new();
    let worker = tokio::spawn(expire::run(world.app.clone(), stop.clone()));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!worker.is_finished());
    stop.cancel();
    worker.await.unwrap();
}
