//! The worker under trouble: hanging endpoints, restarts, pauses, breakers,
//! order. Every wait is for something that must happen, none for time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    routing::post,
};
use http::{HeaderMap, StatusCode};
use offhook_model::{
    id::{AgentId, WebhookId},
    webhook::Webhook,
};
use offhook_server::{
    deliver::Deliverer,
    webhooks::{Addressed, Written},
};
use offhook_store::{DeliveryStatus, Endpoint};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::harness::{World, on_both};

on_both!(
    the_whole_schedule_is_kept_through_restarts,
    a_hanging_endpoint_delays_nobody_else,
    a_backlog_of_retries_delays_no_first_attempt,
    first_attempts_of_a_conversation_keep_their_order,
    a_failed_first_attempt_holds_nobody_any_more,
    a_breaker_opens_probes_and_closes_and_loses_nothing,
    a_late_result_of_a_paused_worker_is_dropped,
    what_a_dead_process_had_claimed_goes_out_at_the_next_start,
);

/// Answers by path: `/ok` at once, `/fail` with 500, `/held` once it is let go.
#[derive(Clone)]
struct Sink {
    seen: Arc<Mutex<Vec<Seen>>>,
    gate: Arc<Semaphore>,
    failing: Arc<Mutex<bool>>,
    url: String,
}

#[derive(Clone)]
struct Seen {
    to: String,
    id: String,
    body: Value,
}

impl Sink {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            seen: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
            failing: Arc::default(),
            url: format!("http://{}", listener.local_addr().unwrap()),
        };
        let routes = Router::new().route("/{how}/{name}", post(take)).with_state(sink.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        sink
    }

    fn url(&self, how: &str, name: impl std::fmt::Display) -> String {
        format!("{}/{how}/{name}", self.url)
    }

    fn to(&self, how: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.to == how).cloned().collect()
    }

    fn count(&self, how: &str) -> usize {
        self.to(how).len()
    }
}

async fn take(
    State(sink): State<Sink>,
    Path((how, _name)): Path<(String, String)>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let id = headers["x-webhook-id"].to_str().unwrap().to_owned();
    assert_eq!(headers["webhook-id"], id);
    let body = serde_json::from_str(&body).unwrap();
    sink.seen.lock().unwrap().push(Seen { to: how.clone(), id, body });
    match how.as_str() {
        "held" => sink.gate.acquire().await.unwrap().forget(),
        "fail" => return StatusCode::INTERNAL_SERVER_ERROR,
        "flaky" if *sink.failing.lock().unwrap() => return StatusCode::BAD_GATEWAY,
        _ => {}
    }
    StatusCode::OK
}

/// A webhook so patient that no test sees its timeout.
async fn webhook(world: &World, agent: Option<&AgentId>, url: String) -> Webhook {
    let now = world.app.now();
    let webhook = Webhook {
        id: WebhookId::new(now, rand::random()),
        account_id: world.account.clone(),
        agent_id: agent.cloned(),
        url,
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
        context_limit: 0,
        timeout_s: 120,
        created_at: now,
    };
    world.store().put_webhook(&webhook).await.unwrap();
    // As the API does when it sets one.
    world.app.deliveries().forget(&Endpoint { account: world.account.clone(), target: agent.cloned() });
    webhook
}

/// Commits an event to a webhook.
async fn tell(world: &World, webhook: &Webhook, conversation: impl ToString, n: usize) {
    let conversation = conversation.to_string();
    let event = Addressed::to(webhook).within(&conversation).written(Written {
        delivery_id: uuid::Uuid::new_v4().to_string(),
        event: "agent.message".to_owned(),
        channel: "sms".to_owned(),
        agent: None,
        body: json!({"conversation": conversation, "n": n}).to_string(),
        at: world.app.now(),
    });
    world.store().insert_event(&event).await.unwrap();
    world.app.calls().outbox.notify_one();
}

/// Waits for what must happen; half a minute is for machines that do much else.
async fn until(holds: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come about");
}

/// A worker that runs until the token is cancelled.
fn work(world: &World) -> (CancellationToken, tokio::task::JoinHandle<()>) {
    let stop = CancellationToken::new();
    (stop.clone(), tokio::spawn(world.deliverer().run(stop)))
}

async fn the_whole_schedule_is_kept_through_restarts(world: World) {
    let sink = Sink::start().await;
    let first = webhook(&world, None, sink.url("fail", "a")).await;
    tell(&world, &first, "conv_1", 0).await;
    let delays = world.app.settings().retry_delays.clone();
    for (attempt, delay) in delays.iter().enumerate() {
        // Each attempt is made by another start of the process.
        let app = world.restarted().await;
        assert_eq!(Deliverer::new(app).deliver_due().await.unwrap(), 1, "attempt {}", attempt + 1);
        let row = world.deliveries().await.remove(0);
        let wait = Duration::try_from(row.next_attempt_at.unwrap().duration_since(world.app.now())).unwrap();
        let off = wait.as_secs_f64() / delay.as_secs_f64();
        assert!((0.899..=1.101).contains(&off), "{wait:?} for {delay:?}");
        world.advance(wait - Duration::from_millis(1));
        assert_eq!(world.deliverer().deliver_due().await.unwrap(), 0, "too early");
        world.advance(Duration::from_millis(1));
    }
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1);
    let row = world.deliveries().await.remove(0);
    let (delivery, attempts) =
        world.store().delivery(&world.account, &row.event.delivery_id).await.unwrap().unwrap();
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Failed, 6));
    assert_eq!(attempts.iter().map(|attempt| attempt.n).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    let whole = attempts[5].at.duration_since(attempts[0].at).as_secs_f64() / 3600.0;
    assert!((18.5..=22.7).contains(&whole), "{whole} hours");
    assert!(sink.to("fail").iter().all(|seen| seen.id == row.event.delivery_id));
}

async fn a_hanging_endpoint_delays_nobody_else(world: World) {
    let sink = Sink::start().await;
    let hanging = webhook(&world, None, sink.url("held", "a")).await;
    for n in 0..60 {
        tell(&world, &hanging, n, n).await;
    }
    let mut others = Vec::new();
    for n in 1..100 {
        let agent = world.bare_agent(|_| ()).await;
        others.push(webhook(&world, Some(&agent.id), sink.url("ok", n)).await);
    }
    let (stop, worker) = work(&world);
    until(|| sink.count("held") == 32).await;
    for other in &others {
        for n in 0..3 {
            tell(&world, other, n, n).await;
        }
    }
    until(|| sink.count("ok") == 99 * 3).await;
    // It holds as many as one endpoint may, and not one of them has ended.
    assert_eq!(sink.count("held"), 32);
    sink.gate.add_permits(1_000);
    until(|| sink.count("held") == 60).await;
    stop.cancel();
    worker.await.unwrap();
}

async fn a_backlog_of_retries_delays_no_first_attempt(world: World) {
    let sink = Sink::start().await;
    let first = webhook(&world, None, sink.url("fail", "a")).await;
    for n in 0..19 {
        tell(&world, &first, n, n).await;
    }
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 19);
    // Now they are retries, due, and their endpoint hangs.
    webhook(&world, None, sink.url("held", "a")).await;
    world.advance(Duration::from_secs(600));
    let (stop, worker) = work(&world);
    until(|| sink.count("held") == 8).await;
    let other = webhook(&world, Some(&world.bare_agent(|_| ()).await.id), sink.url("ok", "b")).await;
    tell(&world, &other, "x", 0).await;
    tell(&world, &first, "y", 1).await;
    until(|| sink.count("ok") == 1 && sink.count("held") == 9).await;
    assert_eq!(sink.to("held").last().unwrap().body["conversation"], "y", "also at the very endpoint");
    sink.gate.add_permits(1_000);
    until(|| sink.count("held") == 20).await;
    stop.cancel();
    worker.await.unwrap();
}

async fn first_attempts_of_a_conversation_keep_their_order(world: World) {
    let sink = Sink::start().await;
    let webhook = webhook(&world, None, sink.url("ok", "a")).await;
    let (one, two) = (work(&world), work(&world));
    for n in 0..10 {
        for conversation in 0..12 {
            tell(&world, &webhook, conversation, n).await;
        }
    }
    until(|| sink.count("ok") == 120).await;
    let mut order: HashMap<String, Vec<u64>> = HashMap::new();
    for seen in sink.to("ok") {
        let conversation = seen.body["conversation"].as_str().unwrap().to_owned();
        order.entry(conversation).or_default().push(seen.body["n"].as_u64().unwrap());
    }
    assert_eq!(order.len(), 12);
    for (conversation, order) in order {
        assert!(order.is_sorted(), "conversation {conversation}: {order:?}");
    }
    for (stop, worker) in [one, two] {
        stop.cancel();
        worker.await.unwrap();
    }
}

async fn a_failed_first_attempt_holds_nobody_any_more(world: World) {
    let sink = Sink::start().await;
    let webhook = webhook(&world, None, sink.url("flaky", "a")).await;
    *sink.failing.lock().unwrap() = true;
    for n in 0..3 {
        tell(&world, &webhook, "conv_1", n).await;
    }
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1, "one after the other");
    *sink.failing.lock().unwrap() = false;
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1);
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1);
    world.advance(Duration::from_secs(600));
    assert_eq!(world.deliverer().deliver_due().await.unwrap(), 1);
    let order: Vec<_> = sink.to("flaky").iter().map(|seen| seen.body["n"].as_u64().unwrap()).collect();
    assert_eq!(order, [0, 1, 2, 0]);
}

async fn a_breaker_opens_probes_and_closes_and_loses_nothing(world: World) {
    let sink = Sink::start().await;
    let webhook = webhook(&world, None, sink.url("flaky", "a")).await;
    *sink.failing.lock().unwrap() = true;
    for n in 0..25 {
        tell(&world, &webhook, n, n).await;
    }
    let worker = world.deliverer();
    assert_eq!(worker.deliver_due().await.unwrap(), 25);
    for n in 25..30 {
        tell(&world, &webhook, n, n).await;
    }
    let id = world.deliveries().await[0].event.delivery_id.clone();
    assert_eq!(worker.deliver_due().await.unwrap(), 0, "it rests");
    let (_, delivery) = world.get(&format!("/offhook/v1/deliveries/{id}")).await;
    assert_eq!((&delivery["endpointState"], &delivery["status"]), (&json!("resting"), &json!("pending")));
    assert_eq!(delivery["attemptCount"], 0);
    world.advance(Duration::from_secs(5));
    assert_eq!(worker.deliver_due().await.unwrap(), 1, "one tries");
    world.advance(Duration::from_secs(9));
    assert_eq!(worker.deliver_due().await.unwrap(), 0, "the next rest is twice as long");
    world.advance(Duration::from_secs(1));
    *sink.failing.lock().unwrap() = false;
    assert_eq!(worker.deliver_due().await.unwrap(), 1, "one tries");
    assert_eq!(worker.deliver_due().await.unwrap(), 3, "and all is as before");
    world.advance(Duration::from_secs(600));
    while worker.deliver_due().await.unwrap() > 0 {}
    let rows = world.deliveries().await;
    assert_eq!(rows.len(), 30);
    assert!(rows.iter().all(|row| row.status == DeliveryStatus::Success));
}

async fn a_late_result_of_a_paused_worker_is_dropped(world: World) {
    let sink = Sink::start().await;
    let webhook = webhook(&world, None, sink.url("held", "a")).await;
    tell(&world, &webhook, "conv_1", 0).await;
    let paused = tokio::spawn({
        let worker = world.deliverer();
        async move { worker.deliver_due().await }
    });
    until(|| sink.count("held") == 1).await;
    world.advance(Duration::from_secs(150));
    let second = tokio::spawn({
        let worker = Deliverer::new(world.restarted().await);
        async move { worker.deliver_due().await }
    });
    until(|| sink.count("held") == 2).await;
    let seen = sink.to("held");
    assert_eq!(seen[0].id, seen[1].id, "the same id");
    sink.gate.add_permits(2);
    assert_eq!(paused.await.unwrap().unwrap() + second.await.unwrap().unwrap(), 2);
    let row = world.deliveries().await.remove(0);
    assert_eq!((row.status, row.attempts), (DeliveryStatus::Success, 1), "one result counted");
}

async fn what_a_dead_process_had_claimed_goes_out_at_the_next_start(world: World) {
    let sink = Sink::start().await;
    let webhook = webhook(&world, None, sink.url("ok", "a")).await;
    tell(&world, &webhook, "conv_1", 0).await;
    let now = world.app.now();
    let due = world.store().due_events(offhook_store::Lane::First, now, 10).await.unwrap();
    let due: Vec<_> = due.into_iter().map(|due| due.id).collect();
    let lease = Duration::from_secs(150);
    assert_eq!(world.store().claim_events("dead", now, lease, &due).await.unwrap().len(), 1);
    let (stop, worker) = work(&world);
    until(|| sink.count("ok") == 1).await;
    stop.cancel();
    worker.await.unwrap();
}
