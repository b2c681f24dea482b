//! No address that a tenant sets reaches this machine or its network.
//!
//! A canary listens on loopback and counts who connects and what they send.
//! Names come from a real name server over UDP that answers as an attacker's
//! would. `127.77.0.0/24` stands for the public internet: the policy opens it,
//! and everything else stays as closed as in production.

mod canary;
mod dns;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use axum::{Router, extract::Path, response::IntoResponse, routing::any};
use http::{StatusCode, header};
use offhook_model::tool::{CustomTool, ToolMethod};
use offhook_voice::providers::{
    fetch::{FetchClient, FetchPolicy},
    http_tool::{self, ToolContext},
};
use serde_json::{Map, json};

use crate::{registration, texting::ANN, world::World};
use canary::Canary;
use dns::NameServer;

/// Where the stand-in for the public internet answers.
const OUTSIDE: &str = "127.77.0.1";
/// Also admitted, but nobody is there.
const NOBODY: &str = "127.77.0.9";

struct Scene {
    world: World,
    names: NameServer,
    canary: Canary,
}

impl Scene {
    async fn new() -> Self {
        let (names, canary) = (NameServer::start().await, Canary::start().await);
        let policy = FetchPolicy { allow: vec!["127.77.0.0/24".parse().unwrap()], ..FetchPolicy::default() };
        let fetch = FetchClient::with_resolver(policy, Arc::new(names.client())).unwrap();
        Self { world: World::fetching(fetch).await, names, canary }
    }

    /// The same address at every door a tenant has.
    async fn knock(&self, url: &str) {
        self.webhook(url).await;
        self.tool(url).await;
        self.media(url).await;
        self.registration(url).await;
        self.background(url).await;
        self.arrival(url).await;
    }

    /// A webhook that is set, and delivered to when it can be.
    async fn webhook(&self, url: &str) {
        let set = self.world.post("/v1/webhooks", json!({"url": url})).await;
        if set.status != StatusCode::OK {
            assert!([400, 422].contains(&set.status.as_u16()), "{url}: {set:?}");
            return;
        }
        let result = self.world.post("/v1/webhooks/test", json!({})).await.ok();
        assert_eq!(result["success"], false, "{url}: {result}");
    }

    async fn tool(&self, url: &str) {
        let tool = json!({"name": "t", "description": "d", "url": url, "method": "POST"});
        let made = self.world.post("/v1/agents", json!({"name": "a", "customTools": [tool]})).await;
        assert!([200, 422].contains(&made.status.as_u16()), "{url}: {made:?}");
        // Also as if it had been stored before the rule.
        let tool = CustomTool {
            name: "t".into(),
            description: "d".into(),
            url: url.into(),
            method: ToolMethod::Post,
            headers: Some(BTreeMap::from([("Authorization".into(), "Bearer canary".into())])),
            parameters: None,
            timeout_ms: 2000,
            speak_during_execution: false,
            execution_message: None,
        };
        let context = ToolContext { call_id: "call_1".into(), agent_id: "agt_1".into() };
        let result = http_tool::call(self.world.app.fetch(), &tool, &context, &Map::new()).await;
        assert!(result.is_err(), "{url}: {result:?}");
    }

    async fn media(&self, url: &str) {
        let line = self.world.line("sms").await;
        let body = json!({"number_id": line.id, "to_number": ANN, "media_urls": [url]});
        let sent = self.world.post("/v1/messages", body).await;
        assert!([400, 422].contains(&sent.status.as_u16()), "{url}: {sent:?}");
        self.world.delete(&format!("/v1/numbers/{}", line.id)).await.ok();
    }

    async fn registration(&self, url: &str) {
        let form = registration::form(json!({"opt_in_image_url": url}));
        let (_, key) = self.world.add_account(None).await;
        let reply = self.world.call_as(&key, "POST", "/v1/register", Some(form)).await;
        // A picture that cannot be reached is looked at by whoever approves.
        assert!([200, 201, 422].contains(&reply.status.as_u16()), "{url}: {reply:?}");
    }

    async fn background(&self, url: &str) {
        let line = self.world.line("imessage").await;
        let sent = self.world.text(&line, ANN, "Hi").await.ok();
        let id = sent["conversation_id"].as_str().unwrap();
        let path = format!("/v1/conversations/{id}/background");
        let reply = self.world.post(&path, json!({"image_url": url})).await;
        assert!([400, 422].contains(&reply.status.as_u16()), "{url}: {reply:?}");
        self.world.delete(&format!("/v1/numbers/{}", line.id)).await.ok();
    }

    /// A carrier names a picture's address.
    async fn arrival(&self, url: &str) {
        let line = self.world.line("sms").await;
        let message = json!({"from": ANN, "to": line.number, "body": "Look", "mediaUrls": [url]});
        let reply = self.world.hear_with(message).await;
        assert!([200, 400, 422].contains(&reply.status.as_u16()), "{url}: {reply:?}");
        self.world.delete(&format!("/v1/numbers/{}", line.id)).await.ok();
    }

    fn urls(&self, host: &str) -> [String; 2] {
        let port = self.canary.port();
        [format!("http://{host}:{port}/x"), format!("https://{host}:{port}/x")]
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A server of the outside, on the canary's port; what it answers is `router`.
async fn outside(canary: &Canary, router: Router) {
    let listener = tokio::net::TcpListener::bind((OUTSIDE, canary.port())).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
}

/// Answers and hangs up, so that the next request connects anew.
fn hanging_up() -> Router {
    Router::new().fallback(any(async || ([(header::CONNECTION, "close")], "welcome")))
}

/// The canary sings for whoever is let through: otherwise its silence proves nothing.
#[tokio::test]
async fn the_canary_hears_a_client_without_rules() {
    let (names, canary) = (NameServer::start().await, Canary::start().await);
    names.set("inside.test", &[&[ip("127.0.0.1")]]);
    let policy = FetchPolicy { allow_private: true, ..FetchPolicy::default() };
    let fetch = FetchClient::with_resolver(policy, Arc::new(names.client())).unwrap();
    let scene = Scene { world: World::fetching(fetch).await, names, canary };
    for host in ["127.0.0.1", "0x7f.1", "[::1]", "0.0.0.0", "inside.test"] {
        let before = scene.canary.heard();
        let [url, _] = scene.urls(host);
        scene.webhook(&url).await;
        let after = scene.canary.heard();
        assert!(after.connections > before.connections && after.bytes > before.bytes, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_notation_of_a_closed_address_is_fetched() {
    let scene = Scene::new().await;
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0x7f000001",
        "0x7F.0.0.1",
        "0x7f.1",
        "0",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "①②⑦.⓪.⓪.①",
        "１２７.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "public.test@127.0.0.1",
        "public.test:443@[::1]",
        "169.254.169.254",
        "0xa9fea9fe",
        "[::ffff:a9fe:a9fe]",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "100.64.0.1",
        "192.168.0.1",
    ] {
        for url in scene.urls(host) {
            assert!(scene.world.app.fetch().policy().check(&url).is_err(), "{url} is taken");
        }
        let [plain, tls] = scene.urls(host);
        scene.webhook(&plain).await;
        scene.tool(&tls).await;
    }
    for host in ["2130706433", "[::ffff:127.0.0.1]"] {
        for url in scene.urls(host) {
            scene.knock(&url).await;
        }
    }
    scene.canary.assert_silent();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_of_a_closed_address_is_fetched() {
    let scene = Scene::new().await;
    let closed = [
        ("localhost", "127.0.0.1"),
        ("tenant.localhost", "127.0.0.1"),
        ("a.test", "127.0.0.1"),
        ("aaaa.test", "::1"),
        ("mapped.test", "::ffff:127.0.0.1"),
        ("compatible.test", "::127.0.0.1"),
        ("nat64.test", "64:ff9b::7f00:1"),
        ("zero.test", "0.0.0.0"),
        ("metadata.test", "169.254.169.254"),
        ("aws.test", "fd00:ec2::254"),
        ("private.test", "10.0.0.1"),
        ("xn--bcher-kva.test", "127.0.0.1"),
    ];
    for (name, address) in closed {
        scene.names.set(name, &[&[ip(address)]]);
    }
    scene.names.alias("cname.test", "a.test");
    for host in closed.iter().map(|(name, _)| *name).chain([
        "LOCALHOST",
        "localhost.",
        "A.Test",
        "bücher.test",
        "ｌｏｃａｌｈｏｓｔ",
        "cname.test",
        "nowhere.test",
    ]) {
        let [plain, tls] = scene.urls(host);
        scene.webhook(&plain).await;
        scene.tool(&tls).await;
    }
    for host in ["a.test", "aaaa.test", "cname.test", "localhost"] {
        for url in scene.urls(host) {
            scene.knock(&url).await;
        }
    }
    assert!(scene.names.asked("a.test") > 0, "names were really looked up");
    scene.canary.assert_silent();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let scene = Scene::new().await;
    outside(&scene.canary, hanging_up()).await;
    // Public when it is set and first used, ours from then on.
    scene.names.set("rebind.test", &[&[ip(OUTSIDE)], &[ip("127.0.0.1")]]);
    let [url, _] = scene.urls("rebind.test");
    scene.world.post("/v1/webhooks", json!({"url": url})).await.ok();
    let first = scene.world.post("/v1/webhooks/test", json!({})).await.ok();
    assert_eq!(first["success"], true, "{first}");
    for _ in 0..3 {
        let result = scene.world.post("/v1/webhooks/test", json!({})).await.ok();
        assert_eq!(result["error"], "rebind.test is not a public address");
    }
    // And back and forth at every other door.
    for _ in 0..3 {
        scene.names.set("rebind.test", &[&[ip("127.0.0.1")], &[ip(OUTSIDE)], &[ip("127.0.0.1")]]);
        scene.media(&url).await;
        scene.registration(&url).await;
        scene.background(&url).await;
        scene.arrival(&url).await;
    }
    scene.canary.assert_silent();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_mixed_answers_only_the_public_ones_are_tried() {
    let scene = Scene::new().await;
    outside(&scene.canary, hanging_up()).await;
    scene.names.set("mixed.test", &[&[ip("127.0.0.1"), ip(OUTSIDE), ip("::1"), ip("0.0.0.0")]]);
    let [url, _] = scene.urls("mixed.test");
    scene.world.post("/v1/webhooks", json!({"url": url})).await.ok();
    let result = scene.world.post("/v1/webhooks/test", json!({})).await.ok();
    assert_eq!(result["success"], true, "{result}");
    // Where the public one does not answer, the others are no second choice.
    scene.names.set("half.test", &[&[ip(NOBODY), ip("127.0.0.1"), ip("::1")]]);
    for url in scene.urls("half.test") {
        scene.knock(&url).await;
    }
    scene.canary.assert_silent();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_redirect_is_followed() {
    let scene = Scene::new().await;
    let port = scene.canary.port();
    let redirect = async move |Path((code, to)): Path<(u16, String)>| {
        let to = match to.as_str() {
            "canary" => format!("http://127.0.0.1:{port}/x"),
            "canary6" => format!("http://[::1]:{port}/x"),
            "name" => format!("http://localhost:{port}/x"),
            "metadata" => "http://169.254.169.254/latest/meta-data/".to_owned(),
            _ => format!("//2130706433:{port}/x"),
        };
        (StatusCode::from_u16(code).unwrap(), [(header::LOCATION, to)], "elsewhere").into_response()
    };
    outside(&scene.canary, Router::new().route("/{code}/{to}", any(redirect))).await;
    scene.names.set("localhost", &[&[ip("127.0.0.1")]]);
    for code in [300, 301, 302, 303, 307, 308] {
        for to in ["canary", "canary6", "name", "metadata", "relative"] {
            scene.webhook(&format!("http://{OUTSIDE}:{port}/{code}/{to}")).await;
        }
        scene.knock(&format!("http://{OUTSIDE}:{port}/{code}/canary")).await;
    }
    scene.canary.assert_silent();
}
