//! Pictures and files: fetched once, kept, served.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::State, response::IntoResponse, routing::get};
use http::{StatusCode, header};
use offhook_server::{Settings, settings::Messages};
use serde_json::{Value, json};

use crate::{
    texting::{ANN, word},
    world::{World, on_both},
};

/// The smallest thing that begins like a PNG.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nfake";

/// A server of pictures on loopback; how often it was asked, and its address.
async fn pictures() -> (Arc<AtomicUsize>, String) {
    let asked = Arc::new(AtomicUsize::new(0));
    let png = async |State(asked): State<Arc<AtomicUsize>>| {
        asked.fetch_add(1, Ordering::Relaxed);
        ([(header::CONTENT_TYPE, "image/png; charset=binary")], PNG)
    };
    let router = Router::new()
        .route("/a.png", get(png))
        .route("/b.png", get(png))
        .route("/untyped", get(async || ([(header::CONTENT_TYPE, "application/octet-stream")], PNG)))
        .route("/page", get(async || ([(header::CONTENT_TYPE, "text/html")], "<script>")))
        .route("/vector", get(async || ([(header::CONTENT_TYPE, "image/svg+xml")], "<svg/>")))
        .route("/limit", get(async || ([(header::CONTENT_TYPE, "image/png")], vec![7_u8; 4096])))
        .route("/large", get(async || ([(header::CONTENT_TYPE, "image/png")], vec![7_u8; 4097])))
        .route("/never", get(async || std::future::pending::<()>().await))
        .route("/moved", get(async || (StatusCode::FOUND, [(header::LOCATION, "/a.png")]).into_response()))
        .with_state(Arc::clone(&asked));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (asked, address)
}

async fn send(world: &World, line: &crate::texting::Line, to: &str, urls: Value) -> crate::world::Reply {
    world.post("/v1/messages", json!({"number_id": line.id, "to_number": to, "media_urls": urls})).await
}

on_both! {
    async fn a_picture_is_fetched_once_kept_and_served(world) {
        let (asked, server) = pictures().await;
        let line = world.line("sms").await;
        let url = format!("{server}/a.png");
        let sent = send(&world, &line, ANN, json!([url])).await.ok();
        assert_eq!((&sent["channel"], &sent["media_urls"]), (&json!("mms"), &json!([url])));
        let landed = word(&world.inbox(ANN).await[0]["mediaUrls"][0]);
        let path = landed.strip_prefix("http://127.0.0.1:8080").unwrap();
        assert!(path.starts_with("/offhook/v1/media/media_"));
        for _ in 0..2 {
            let request = http::Request::get(path).body(axum::body::Body::empty()).unwrap();
            let reply = world.fetch_bytes(request).await;
            assert_eq!((reply.0, reply.2.as_slice()), (StatusCode::OK, PNG));
            assert_eq!(reply.1[header::CONTENT_TYPE], "image/png");
            assert_eq!(reply.1[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        let listed = &world.messages(&line).await[0];
        assert_eq!((&listed["mediaUrl"], &listed["mediaUrls"]), (&json!(url), &json!([url])));
    }

    async fn several_are_one_multimedia_text_but_a_carousel_on_imessage(world) {
        let (_, server) = pictures().await;
        let (sms, imessage) = (world.line("sms").await, world.line("imessage").await);
        let urls = json!([format!("{server}/a.png"), format!("{server}/b.png")]);
        assert_eq!(send(&world, &sms, ANN, urls.clone()).await.ok()["channel"], "mms");
        assert_eq!(world.inbox(ANN).await[0]["mediaUrls"].as_array().unwrap().len(), 2);
        assert_eq!(send(&world, &imessage, "+15005550110", urls.clone()).await.ok()["channel"], "imessage");
        let with_words = json!({"number_id": imessage.id, "to_number": "+15005550110", "media_urls": urls, "body": "x"});
        world.post("/v1/messages", with_words.clone()).await.fault("body.body", "value_error");
        let mut by_mms = with_words;
        by_mms["to_number"] = json!(ANN);
        assert_eq!(world.post("/v1/messages", by_mms).await.ok()["channel"], "mms");
        let one = json!({"number_id": imessage.id, "to_number": "+15005550110", "media_url": format!("{server}/a.png"), "body": "x"});
        assert_eq!(world.post("/v1/messages", one).await.ok()["media_urls"].as_array().unwrap().len(), 1);
    }

    async fn what_cannot_be_had_sends_nothing(world) {
        let (_, server) = pictures().await;
        let line = world.line("sms").await;
        for path in ["page", "vector", "missing", "moved"] {
            let urls = json!([format!("{server}/a.png"), format!("{server}/{path}")]);
            let detail = send(&world, &line, ANN, urls).await.refused(400, "BAD_REQUEST");
            assert!(detail.starts_with("media_urls[1] refused"), "{detail}");
        }
        send(&world, &line, ANN, json!([format!("{server}/untyped")])).await.ok();
        assert_eq!(world.messages(&line).await.len(), 1);
        assert_eq!(world.media_files(), 1);
    }

    async fn a_carousel_that_arrives_is_one_message_and_one_event_per_picture(world) {
        let (_, server) = pictures().await;
        let line = world.line("imessage").await;
        world.listen().await;
        let urls = json!([format!("{server}/a.png"), format!("{server}/b.png")]);
        let hear = async |channel: &str| {
            world.hear_with(json!({
                "from": "+15005550110", "to": line.number, "channel": channel, "mediaUrls": urls,
                "externalId": channel,
            })).await.ok()
        };
        assert_eq!(hear("imessage").await["messageIds"].as_array().unwrap().len(), 2);
        assert_eq!(hear("imessage").await["outcome"], "known");
        assert_eq!(hear("sms").await["messageIds"].as_array().unwrap().len(), 1);
        let events = world.events("agent.message").await;
        let media: Vec<usize> = events.iter().map(|event| event["data"]["mediaUrls"].as_array().unwrap().len()).collect();
        assert_eq!(media, [1, 1, 2]);
        assert_eq!(events[2]["channel"], "mms");
        let url = word(&events[0]["data"]["mediaUrl"]);
        assert!(url.starts_with("http://127.0.0.1:8080/offhook/v1/media/media_"), "{url}");
        assert_eq!(world.media_files(), 4);
    }

    async fn a_picture_that_is_gone_does_not_hold_the_words_back(world) {
        let line = world.line("sms").await;
        let url = "http://127.0.0.1:1/gone.png";
        let body = json!({"from": ANN, "to": line.number, "body": "Look", "mediaUrls": [url]});
        world.hear_with(body).await.ok();
        let heard = &world.messages(&line).await[0];
        assert_eq!((&heard["body"], &heard["mediaUrl"], &heard["channel"]), (&json!("Look"), &json!(url), &json!("mms")));
    }

    async fn no_id_leads_out_of_the_directory(world) {
        for id in ["..%2F..%2Ftest.db", "..", "media_x", "%2e%2e", "a%00b"] {
            world.get(&format!("/offhook/v1/media/{id}")).await.refused(404, "NOT_FOUND");
        }
    }
}

fn small(settings: &mut Settings) {
    let media_timeout = Duration::from_secs(2);
    settings.messages = Messages { max_media_bytes: 4096, media_timeout, ..Messages::default() };
}

#[tokio::test]
async fn the_largest_file_is_carried_and_one_byte_more_is_not() {
    let world = World::sqlite_with(small).await;
    let (_, server) = pictures().await;
    let line = world.line("sms").await;
    send(&world, &line, ANN, json!([format!("{server}/limit")])).await.ok();
    send(&world, &line, ANN, json!([format!("{server}/large")])).await.refused(400, "BAD_REQUEST");
    let detail =
        send(&world, &line, ANN, json!([format!("{server}/never")])).await.refused(400, "BAD_REQUEST");
    assert!(detail.contains("timeout"), "{detail}");
    assert_eq!(world.media_files(), 1);
}

#[tokio::test]
async fn private_addresses_and_plain_http_are_refused() {
    let world = World::sqlite_with(|settings| settings.allow_private = false).await;
    let (asked, server) = pictures().await;
    let line = world.line("sms").await;
    let port = server.rsplit_once(':').unwrap().1;
    for url in [
        format!("{server}/a.png"),
        format!("http://example.com:{port}/a.png"),
        "ftp://example.com/a.png".to_owned(),
        "https://".to_owned(),
    ] {
        send(&world, &line, ANN, json!([url])).await.fault("body.media_urls[0]", "value_error");
    }
    for url in [
        format!("https://127.0.0.1:{port}/a.png"),
        format!("https://localhost:{port}/a.png"),
        format!("https://2130706433:{port}/a.png"),
        format!("https://[::ffff:127.0.0.1]:{port}/a.png"),
        "https://169.254.169.254/latest".to_owned(),
        "https://10.0.0.1/a.png".to_owned(),
    ] {
        send(&world, &line, ANN, json!([url])).await.refused(400, "BAD_REQUEST");
        let body = json!({"from": ANN, "to": line.number, "mediaUrls": [url]});
        world.hear_with(body).await.ok();
    }
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert_eq!(world.media_files(), 0);
}
