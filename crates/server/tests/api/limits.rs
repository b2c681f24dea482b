//! How often: the contract's table, its edges, its headers.

use std::{net::SocketAddr, time::Duration};

use axum::body::Body;
use http::{Request, header};
use offhook_server::{Settings, limits::Rates, requests::client::Peer};
use serde_json::json;

use crate::world::{Reply, World, on_both};

/// Contract `errors-and-limits.md` §4.
const TABLE: &[(&str, &str, u32, u64)] = &[
    ("POST", "/v1/numbers", 20, 60),
    ("DELETE", "/v1/numbers/{number_id}", 60, 60),
    ("POST", "/v1/calls", 120, 60),
    ("POST", "/v1/calls/web", 30, 60),
    ("POST", "/v1/agents", 30, 60),
    ("PATCH", "/v1/agents/{agent_id}", 20, 60),
    ("DELETE", "/v1/agents/{agent_id}", 30, 60),
    ("POST", "/v1/webhooks", 10, 60),
    ("POST", "/v1/agents/{agent_id}/webhook", 10, 60),
    ("POST", "/v1/webhooks/test", 10, 60),
    ("POST", "/v1/agents/{agent_id}/webhook/test", 10, 60),
    ("GET", "/v1/contacts/capabilities", 60, 60),
    ("POST", "/v1/register", 5, 3_600),
    ("GET", "/v1/numbers/lookup", 30, 60),
    ("POST", "/v1/verify/send", 60, 60),
    ("POST", "/v1/verify/check", 120, 60),
    ("POST", "/v0/agent/sign-up", 10, 60),
    ("POST", "/v0/agent/verify", 20, 60),
    ("GET", "/v1/agents", 600, 60),
];

/// The table as the operator's manual ships it.
fn shipped() -> Rates {
    let manual: toml::Table = include_str!("../../../../config.default.toml").parse().unwrap();
    let rates = manual["limits"]["rates"].as_table().unwrap();
    let text = |key: &str| rates[key].as_str().unwrap();
    let routes = rates["routes"].as_table().unwrap();
    let routes = routes.iter().map(|(route, rate)| (route.as_str(), rate.as_str().unwrap()));
    Rates::parse(text("default"), text("unauthorized"), routes).unwrap()
}

fn limited(settings: &mut Settings) {
    settings.rates = Some(shipped());
}

async fn few(routes: &[(&str, &str)], unauthorized: &str) -> World {
    let rates = Rates::parse("off", unauthorized, routes.iter().copied()).unwrap();
    World::sqlite_with(|settings| settings.rates = Some(rates)).await
}

fn number(reply: &Reply, name: &str) -> u64 {
    reply.headers[name].to_str().unwrap().parse().unwrap()
}

#[test]
fn the_manual_ships_the_table_of_the_contract() {
    let shipped = shipped();
    let default = &shipped.default;
    for (method, template, requests, seconds) in TABLE {
        let listed = shipped.routes.iter().find(|(m, path, _)| m == method && path == template);
        let rates = listed.map_or(default, |(_, _, rates)| rates);
        let first = (rates[0].requests, rates[0].period.as_secs());
        assert_eq!(first, (*requests, *seconds), "{method} {template}");
    }
    let capabilities =
        shipped.routes.iter().find(|(_, path, _)| path == "/v1/contacts/capabilities").unwrap();
    let day = &capabilities.2[1];
    assert_eq!((day.requests, day.period.as_secs()), (1_000, 86_400));
    assert_eq!(shipped.routes.len(), TABLE.len() - 1, "a route of the manual is not in this table");
}

#[tokio::test]
async fn every_limit_of_the_table_holds_on_both_sides_of_its_edge() {
    let world = World::sqlite_with(limited).await;
    for (method, template, requests, seconds) in TABLE {
        let path = template.replace("{number_id}", "num_x").replace("{agent_id}", "agt_x");
        let (requests, period) = (u64::from(*requests), Duration::from_secs(*seconds));
        // Past a whole second, so that the header's rounding shows.
        let now = world.app.now().as_millisecond();
        world.advance(Duration::from_millis(1_500 - u64::try_from(now % 1_000).unwrap()));
        let first = world.app.now().as_millisecond().unsigned_abs();
        for n in 1..=requests {
            let reply = world.call(method, &path, Some(json!({"url": 7}))).await;
            assert_ne!(reply.status, 429, "{method} {path}: request {n}");
            assert_eq!(number(&reply, "x-ratelimit-limit"), requests);
            assert_eq!(number(&reply, "x-ratelimit-remaining"), requests - n, "{method} {path}");
            assert!(!reply.headers.contains_key(header::RETRY_AFTER));
        }
        let over = world.call(method, &path, Some(json!({"url": 7}))).await;
        assert_eq!(number(&over, "x-ratelimit-remaining"), 0);
        let wait = number(&over, "retry-after");
        assert!((seconds - 20..=*seconds).contains(&wait), "{method} {path}: {wait}");
        let reset = number(&over, "x-ratelimit-reset");
        assert!((first / 1_000 + seconds..=first / 1_000 + seconds + 2).contains(&reset));
        let detail = over.refused(429, "RATE_LIMIT_EXCEEDED");
        assert_eq!(detail, format!("Rate limit exceeded. Limit: {requests} requests per {seconds}s"));

        // Just before the first request leaves the window, and just after.
        let spent = world.app.now().as_millisecond().unsigned_abs() - first;
        world.advance(period - Duration::from_millis(spent + 60));
        assert_eq!(world.call(method, &path, Some(json!({"url": 7}))).await.status, 429, "{method} {path}");
        world.advance(Duration::from_millis(60));
        assert_ne!(world.call(method, &path, Some(json!({"url": 7}))).await.status, 429, "{method} {path}");
    }
}

#[tokio::test]
async fn waiting_as_long_as_asked_is_long_enough() {
    let world = few(&[("POST /v1/agents", "2/min")], "off").await;
    for round in 0..5 {
        for _ in 0..2 {
            assert_eq!(world.post("/v1/agents", json!({"name": "A"})).await.status, 200, "round {round}");
        }
        let wait = number(&world.post("/v1/agents", json!({"name": "A"})).await, "retry-after");
        world.advance(Duration::from_secs(wait));
    }
}

#[tokio::test]
async fn of_two_windows_the_tighter_one_binds() {
    let world = few(&[("GET /v1/agents", "3/min, 5/day")], "off").await;
    let mut left = Vec::new();
    for _ in 0..5 {
        let reply = world.get("/v1/agents").await;
        left.push((number(&reply, "x-ratelimit-limit"), number(&reply, "x-ratelimit-remaining")));
        world.advance(Duration::from_secs(25));
    }
    assert_eq!(left, [(3, 2), (3, 1), (3, 0), (3, 0), (5, 0)]);
    world.advance(Duration::from_secs(600));
    let reply = world.get("/v1/agents").await;
    assert!(number(&reply, "retry-after") > 80_000);
    assert_eq!(
        reply.refused(429, "RATE_LIMIT_EXCEEDED"),
        "Rate limit exceeded. Limit: 5 requests per 86400s"
    );
    world.advance(Duration::from_secs(86_400));
    world.get("/v1/agents").await.ok();
}

#[tokio::test]
async fn keys_and_routes_are_counted_apart_and_paths_by_their_template() {
    let world = few(&[("GET /v1/agents/{id}", "2/min"), ("GET /v1/numbers/{id}", "1/min")], "off").await;
    for id in ["agt_a", "agt_b"] {
        assert_eq!(world.get(&format!("/v1/agents/{id}")).await.status, 404);
    }
    assert_eq!(world.get("/v1/agents/agt_c/").await.status, 429, "a slash makes no difference");
    assert_eq!(world.get("/v1/numbers/num_a").await.status, 404);
    let head = world.call("HEAD", "/v1/agents/agt_d", None).await;
    assert_eq!(head.status, 429, "HEAD is a GET");
    let (_, other) = world.add_account(None).await;
    assert_eq!(world.call_as(&other, "GET", "/v1/agents/agt_a", None).await.status, 404);
    let unlimited = world.get("/v1/agents").await;
    assert!(!unlimited.headers.contains_key("x-ratelimit-limit"));
}

#[tokio::test]
async fn sub_accounts_share_the_limits_of_their_key() {
    let world = few(&[("GET /v1/agents", "1/min")], "off").await;
    let (child, _) = world.add_account(Some(&world.account)).await;
    world.get("/v1/agents").await.ok();
    let request = Request::get("/v1/agents")
        .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
        .header("x-sub-account-id", child.as_str());
    assert_eq!(world.send(request.body(Body::empty()).unwrap()).await.status, 429);
}

on_both! {
    async fn without_rates_nothing_is_counted(world) {
        for _ in 0..40 {
            let reply = world.post("/v1/agents", json!({"name": "A"})).await;
            assert!(!reply.headers.contains_key("x-ratelimit-limit"));
            reply.ok();
        }
    }
}

/// A request from this address with this key.
async fn from(world: &World, address: &str, key: &str) -> Reply {
    let mut request = Request::get("/v1/agents")
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .body(Body::empty())
        .unwrap();
    let peer: SocketAddr =
        if address.contains(':') { format!("[{address}]:1") } else { format!("{address}:1") }
            .parse()
            .unwrap();
    request.extensions_mut().insert(Peer(peer));
    world.send(request).await
}

#[tokio::test]
async fn who_guesses_keys_is_not_listened_to() {
    let world = few(&[], "3/min").await;
    for n in 0..3 {
        assert_eq!(from(&world, "203.0.113.7", &format!("sk_live_{n}")).await.status, 401);
    }
    let refused = from(&world, "203.0.113.7", "sk_live_3").await;
    assert!(number(&refused, "retry-after") <= 60);
    assert_eq!(refused.refused(429, "RATE_LIMIT_EXCEEDED"), "Rate limit exceeded. Limit: 3 requests per 60s");
    assert_eq!(from(&world, "203.0.113.7", &world.key).await.status, 429, "a lucky guess is not told");
    assert_eq!(from(&world, "203.0.113.8", "sk_live_3").await.status, 401, "another address is free");
    world.advance(Duration::from_secs(60));
    from(&world, "203.0.113.7", &world.key).await.ok();
}

#[tokio::test]
async fn a_key_that_worked_goes_on_working_beside_a_guesser() {
    let world = few(&[], "2/min").await;
    from(&world, "203.0.113.7", &world.key).await.ok();
    for n in 0..5 {
        from(&world, "203.0.113.7", &format!("sk_live_{n}")).await;
    }
    assert_eq!(from(&world, "203.0.113.7", "sk_live_9").await.status, 429);
    from(&world, "203.0.113.7", &world.key).await.ok();
}

#[tokio::test]
async fn an_ipv6_network_counts_as_one_client() {
    let world = few(&[], "1/min").await;
    assert_eq!(from(&world, "2001:db8::1", "sk_live_1").await.status, 401);
    assert_eq!(from(&world, "2001:db8::2:1", "sk_live_2").await.status, 429);
    assert_eq!(from(&world, "2001:db8:0:1::1", "sk_live_3").await.status, 401);
}
