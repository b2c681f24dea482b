//! Events on their way to a real receiver, on a schedule the test turns.

use std::time::Duration;

use offhook_model::call::EndReason;
use offhook_store::{Delivery, DeliveryStatus, Lane};
use offhook_voice::sign::sign;
use tokio_util::sync::CancellationToken;

use crate::harness::{Receiver, World, on_both};

on_both!(
    an_event_arrives_signed_and_is_logged,
    failures_are_retried_on_the_schedule_then_given_up,
    a_permanent_failure_is_not_retried,
    a_replaced_webhook_gets_what_is_pending,
    a_deleted_webhook_fails_what_is_pending,
    an_unreachable_receiver_is_retried,
    the_worker_delivers_at_once_and_stops,
    a_lost_lease_sends_the_event_again_under_the_same_id,
    two_workers_do_not_share_an_event,
);

/// Ends a call, so that one event is pending.
async fn pending(world: &World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    world.end(&call, EndReason::CallerCancelled).await;
}

async fn only(world: &World) -> Delivery {
    let mut rows = world.deliveries().await;
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

async fn an_event_arrives_signed_and_is_logged(world: World) {
    let (receiver, url) = Receiver::start().await;
    let webhook = world.webhook(None, &url).await;
    pending(&world).await;
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1);
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 0);
    let (headers, body) = receiver.request(0);
    let row = only(&world).await;
    assert_eq!(body, row.event.body.as_bytes());
    let timestamp: i64 = headers["x-webhook-timestamp"].to_str().unwrap().parse().unwrap();
    assert_eq!(timestamp, world.app.now().as_second());
    assert_eq!(headers["x-webhook-signature"], sign(&webhook.secret, timestamp, &body));
    assert_eq!(headers["x-webhook-id"], row.event.delivery_id);
    assert_eq!(headers["x-webhook-event"], "agent.call_ended");
    assert_eq!(headers["user-agent"], "Offhook-Webhooks/1");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!((row.status, row.attempts, row.http_status), (DeliveryStatus::Success, 1, Some(200)));
    assert_eq!(row.response_body.unwrap().len(), 10_000);
    assert_eq!(row.next_attempt_at, None);
}

async fn failures_are_retried_on_the_schedule_then_given_up(world: World) {
    let (receiver, url) = Receiver::start().await;
    world.webhook(None, &url).await;
    receiver.answers(&[500, 503, 408, 429, 502, 500, 500]);
    pending(&world).await;
    let worker = world.deliverer();
    let delays = world.app.settings().retry_delays.clone();
    for (attempt, delay) in delays.iter().enumerate() {
        assert_eq!(worker.deliver_due().await.unwrap(), 1, "attempt {}", attempt + 1);
        let row = only(&world).await;
        assert_eq!((row.status, row.attempts as usize), (DeliveryStatus::Pending, attempt + 1));
        let wait = Duration::try_from(row.next_attempt_at.unwrap().duration_since(world.app.now())).unwrap();
        let off = wait.as_secs_f64() / delay.as_secs_f64();
        assert!((0.899..=1.101).contains(&off), "{wait:?} for {delay:?}");
        world.advance(wait - Duration::from_millis(1));
        assert_eq!(worker.deliver_due().await.unwrap(), 0, "too early");
        world.advance(Duration::from_millis(1));
    }
    assert_eq!(worker.deliver_due().await.unwrap(), 1);
    let row = only(&world).await;
    assert_eq!(
        (row.status, row.attempts, row.error.as_deref()),
        (DeliveryStatus::Failed, 6, Some("HTTP 500"))
    );
    world.advance(Duration::from_secs(100 * 3600));
    assert_eq!(worker.deliver_due().await.unwrap(), 0);
    assert_eq!(receiver.count(), 6);
    let ids: std::collections::HashSet<_> =
        (0..6).map(|at| receiver.request(at).0["x-webhook-id"].clone()).collect();
    assert_eq!(ids.len(), 1, "the same id on every attempt");
    assert_ne!(receiver.request(0).0["x-webhook-timestamp"], receiver.request(1).0["x-webhook-timestamp"]);
}

async fn a_permanent_failure_is_not_retried(world: World) {
    let (receiver, url) = Receiver::start().await;
    world.webhook(None, &url).await;
    for (at, status) in [400, 404, 410, 301].into_iter().enumerate() {
        receiver.answers(&[status]);
        pending(&world).await;
        assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1);
        let failed = world.deliveries().await.into_iter().filter(|row| row.status == DeliveryStatus::Failed);
        assert_eq!(failed.count(), at + 1);
    }
    assert_eq!(receiver.count(), 4);
}

async fn a_replaced_webhook_gets_what_is_pending(world: World) {
    let (first, url) = Receiver::start().await;
    world.webhook(None, &url).await;
    first.answers(&[500]);
    pending(&world).await;
    world.deliverer().deliver_due().await.unwrap();
    let (second, url) = Receiver::start().await;
    let replaced = world.webhook(None, &url).await;
    world.advance(Duration::from_secs(400));
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1);
    assert_eq!((first.count(), second.count()), (1, 1));
    let (headers, body) = second.request(0);
    assert_eq!(headers["x-webhook-signature"], sign(&replaced.secret, world.app.now().as_second(), &body));
}

async fn a_deleted_webhook_fails_what_is_pending(world: World) {
    let (receiver, url) = Receiver::start().await;
    world.webhook(None, &url).await;
    pending(&world).await;
    assert!(world.store().delete_webhook(&world.account, None).await.unwrap());
    world.deliverer().deliver_due().await.unwrap();
    let row = only(&world).await;
    assert_eq!((row.status, row.error.as_deref()), (DeliveryStatus::Failed, Some("the webhook was deleted")));
    assert_eq!(receiver.count(), 0);
}

async fn an_unreachable_receiver_is_retried(world: World) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    world.webhook(None, &url).await;
    pending(&world).await;
    world.deliverer().deliver_due().await.unwrap();
    let row = only(&world).await;
    assert_eq!((row.status, row.http_status), (DeliveryStatus::Pending, None));
    assert!(row.error.unwrap().starts_with("connection failed"));
}

async fn the_worker_delivers_at_once_and_stops(world: World) {
    let (receiver, url) = Receiver::start().await;
    world.webhook(None, &url).await;
    let stop = CancellationToken::new();
    let worker = tokio::spawn(world.deliverer().run(stop.clone()));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = std::time::Instant::now();
    pending(&world).await;
    world.until(|| receiver.count() == 1).await;
    assert!(before.elapsed() < Duration::from_secs(2), "woken by the commit, not by the clock");
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(2), worker).await.unwrap().unwrap();
    assert_eq!(only(&world).await.status, DeliveryStatus::Success, "what was under way was written down");
}

async fn a_lost_lease_sends_the_event_again_under_the_same_id(world: World) {
    let (receiver, url) = Receiver::start().await;
    world.webhook(None, &url).await;
    pending(&world).await;
    // A worker that claims and dies.
    let lease = Duration::from_secs(150);
    let now = world.app.now();
    let due = world.store().due_events(Lane::First, now, 10).await.unwrap();
    let due: Vec<_> = due.into_iter().map(|due| due.id).collect();
    let claimed = world.store().claim_events("dead", now, lease, &due).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 0);
    world.advance(lease);
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1);
    assert_eq!(receiver.request(0).0["x-webhook-id"], claimed[0].delivery.event.delivery_id);
}

async fn two_workers_do_not_share_an_event(world: World) {
    let (receiver, url) = Receiver::start().await;
    world.webhook(None, &url).await;
    for _ in 0..5 {
        pending(&world).await;
    }
    let (one, two) = (world.deliverer(), world.deliverer());
    let (a, b) = tokio::join!(one.deliver_due(), two.deliver_due());
    assert_eq!(a.unwrap() + b.unwrap(), 5);
    assert_eq!(receiver.count(), 5);
}
