//! Typing, backgrounds and contact cards of iMessage lines, what reaches
//! somebody, and where people are.

use std::time::Duration;

use axum::{Router, routing::get};
use http::header;
use serde_json::{Value, json};

use crate::{
    texting::{ANN, Line, word},
    world::{World, on_both},
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\none";
const OTHER_PNG: &[u8] = b"\x89PNG\r\n\x1a\ntwo";

/// A server of pictures on loopback.
async fn pictures() -> String {
    const LIMIT: usize = 10 * 1024 * 1024;
    let sized = |size: usize| {
        let mut bytes = PNG.to_vec();
        bytes.resize(size, 0);
        ([(header::CONTENT_TYPE, "image/png")], bytes)
    };
    let router = Router::new()
        .route("/a.png", get(async || ([(header::CONTENT_TYPE, "image/png")], PNG)))
        .route("/same.png", get(async || ([(header::CONTENT_TYPE, "application/octet-stream")], PNG)))
        .route("/b.png", get(async || ([(header::CONTENT_TYPE, "image/jpeg")], OTHER_PNG)))
        .route("/lie.png", get(async || ([(header::CONTENT_TYPE, "image/png")], "<html>")))
        .route("/page", get(async || ([(header::CONTENT_TYPE, "text/html")], "<html>")))
        .route("/limit.png", get(async move || sized(LIMIT)))
        .route("/large.png", get(async move || sized(LIMIT + 1)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// A line and the path of its thread with Ann.
async fn thread(world: &World, kind: &str) -> (Line, String) {
    let line = world.line(kind).await;
    world.tell(ANN, json!({"imessage": true})).await;
    let sent = world.text(&line, ANN, "Hi").await.ok();
    (line, format!("/v1/conversations/{}", word(&sent["conversation_id"])))
}

on_both! {
    async fn typing_is_shown_on_imessage_only(world) {
        let (_, bubble) = thread(&world, "imessage").await;
        let reply = world.call("POST", &format!("{bubble}/typing"), None).await.ok();
        let id = bubble.rsplit('/').next().unwrap();
        assert_eq!(reply, json!({"conversationId": id, "channel": "imessage", "status": "sent"}));
        let (_, plain) = thread(&world, "sms").await;
        world.post(&format!("{plain}/typing"), json!({})).await.refused(400, "BAD_REQUEST");
        world.post("/v1/conversations/conv_nobody/typing", json!({})).await.refused(404, "NOT_FOUND");
    }

    async fn a_background_has_a_version_for_every_picture(world) {
        let server = pictures().await;
        let (_, path) = thread(&world, "imessage").await;
        let background = format!("{path}/background");
        let set = async |name: &str| world.post(&background, json!({"image_url": format!("{server}/{name}")})).await;
        let first = set("a.png").await.ok();
        assert!(word(&first["backgroundId"]).starts_with("bg_"));
        let id = path.rsplit('/').next().unwrap();
        assert_eq!(first, json!({
            "conversationId": id, "channel": "imessage", "hasBackground": true,
            "backgroundId": first["backgroundId"], "backgroundVersion": 1, "changed": true,
        }));
        let mut same = first.clone();
        same["changed"] = false.into();
        assert_eq!(set("same.png").await.ok(), same, "the picture counts, not its address");
        let second = set("b.png").await.ok();
        assert_eq!((&second["backgroundVersion"], &second["changed"]), (&json!(2), &json!(true)));
        assert_ne!(second["backgroundId"], first["backgroundId"]);
        for _ in 0..2 {
            assert_eq!(world.delete(&background).await.status, 204);
        }
        let third = set("b.png").await.ok();
        assert_eq!((&third["backgroundVersion"], &third["changed"]), (&json!(3), &json!(true)));
    }

    async fn a_picture_that_is_none_or_too_large_is_refused(world) {
        let server = pictures().await;
        let (_, path) = thread(&world, "imessage").await;
        let background = format!("{path}/background");
        for name in ["lie.png", "page", "missing", "large.png"] {
            let reply = world.post(&background, json!({"image_url": format!("{server}/{name}")})).await;
            reply.refused(400, "BAD_REQUEST");
        }
        world.post(&background, json!({"image_url": format!("{server}/limit.png")})).await.ok();
        world.post(&background, json!({"image_url": "ftp://example.com/a"})).await.fault("body.image_url", "value_error");
        world.post(&background, json!({})).await.fault("body.image_url", "missing");
        world.post(&background, json!({"image_url": "http://169.254.1.1/a"})).await.refused(400, "BAD_REQUEST");
        let (_, plain) = thread(&world, "sms").await;
        let body = json!({"image_url": format!("{server}/a.png")});
        world.post(&format!("{plain}/background"), body).await.refused(400, "BAD_REQUEST");
        assert_eq!(world.delete(&format!("{plain}/background")).await.status, 204);
    }

    async fn groups_have_no_background(world) {
        let server = pictures().await;
        let line = world.line("imessage").await;
        let body = json!({"number_id": line.id, "recipients": [ANN, "+15005550102"], "body": "Hi all"});
        let sent = world.post("/v1/messages", body).await.ok();
        let path = format!("/v1/conversations/{}/background", word(&sent["conversation_id"]));
        world.post(&path, json!({"image_url": format!("{server}/a.png")})).await.refused(400, "BAD_REQUEST");
        let typing = path.replace("background", "typing");
        world.post(&typing, json!({})).await.ok();
    }

    async fn a_contact_card_is_replaced_whole(world) {
        let server = pictures().await;
        let line = world.line("imessage").await;
        let path = format!("/v1/numbers/{}/contact-card", line.id);
        world.get(&path).await.refused(404, "NOT_FOUND");
        let put = async |body: Value| world.call("PUT", &path, Some(body)).await;
        let full = json!({
            "firstName": "Acme", "lastName": "Support", "displayName": "Acme Support",
            "avatarUrl": format!("{server}/a.png"),
        });
        let card = put(full).await.ok();
        assert_eq!(card, json!({
            "firstName": "Acme", "lastName": "Support", "displayName": "Acme Support", "hasAvatar": true,
        }));
        assert_eq!(world.get(&path).await.ok(), card);
        let less = put(json!({"first_name": "Acme", "last_name": ""})).await.ok();
        assert_eq!(less, json!({"firstName": "Acme", "lastName": null, "displayName": null, "hasAvatar": false}));
        put(json!({"avatarUrl": format!("{server}/page")})).await.refused(400, "BAD_REQUEST");
        put(json!({"avatarUrl": "nowhere"})).await.fault("body.avatarUrl", "value_error");
        put(json!({"firstName": "x".repeat(201)})).await.fault("body.firstName", "string_too_long");
        assert_eq!(world.get(&path).await.ok(), less, "a refused card changes nothing");
        for _ in 0..2 {
            assert_eq!(world.delete(&path).await.status, 204);
        }
        world.get(&path).await.refused(404, "NOT_FOUND");
        let plain = format!("/v1/numbers/{}/contact-card", world.line("sms").await.id);
        for method in ["GET", "PUT", "DELETE"] {
            world.call(method, &plain, None).await.refused(400, "BAD_REQUEST");
        }
        world.get("/v1/numbers/num_nobody/contact-card").await.refused(404, "PHONE_NUMBER_NOT_FOUND");
    }

    async fn a_capability_check_needs_an_imessage_line(world) {
        let path = "/v1/contacts/capabilities?phone_number=(500)%20555-0101";
        world.line("sms").await;
        world.get(path).await.refused(400, "BAD_REQUEST");
        world.line("imessage").await;
        for has in [true, false] {
            world.tell(ANN, json!({"imessage": has})).await;
            let found = world.get(path).await.ok();
            assert_eq!(found, json!({
                "phoneNumber": ANN, "capabilities": {"imessage": has, "sms": true}, "checkedAt": found["checkedAt"],
            }));
        }
        world.get("/v1/contacts/capabilities").await.fault("query.phone_number", "missing");
        world.get("/v1/contacts/capabilities?phone_number=bob").await.fault("query.phone_number", "value_error");
    }

    async fn a_shared_location_is_known_until_a_later_one(world) {
        let line = world.line("imessage").await;
        let path = "/v1/location/%2B15005550101";
        world.get(path).await.refused(404, "NOT_FOUND");
        world.tell(ANN, json!({"imessage": true})).await;
        world.text(&line, ANN, "Where are you?").await.ok();
        let unknown = world.get(path).await.ok();
        assert_eq!(unknown, json!({
            "phoneNumber": ANN, "latitude": null, "longitude": null, "status": "unavailable",
            "lastUpdated": unknown["lastUpdated"],
        }));
        assert!(unknown["lastUpdated"].is_i64());
        for (latitude, longitude) in [(37.77, -122.42), (-90.0, 180.0)] {
            world.advance(Duration::from_secs(60));
            let body = json!({"from": ANN, "to": line.number, "latitude": latitude, "longitude": longitude});
            assert_eq!(world.post("/offhook/v1/sim/locations", body).await.ok()["outcome"], "stored");
            let known = world.get(path).await.ok();
            assert_eq!((&known["latitude"], &known["longitude"]), (&json!(latitude), &json!(longitude)));
            assert_eq!(known["status"], "available");
            assert!(known["lastUpdated"].as_i64() > unknown["lastUpdated"].as_i64());
        }
        let (_, stranger) = world.add_account(None).await;
        world.call_as(&stranger, "GET", path, None).await.refused(404, "NOT_FOUND");
        world.get("/v1/location/bob").await.fault("path.phone_number", "value_error");
    }

    async fn refreshing_locations_needs_an_imessage_line(world) {
        world.line("sms").await;
        world.post("/v1/location/refresh", json!({})).await.refused(400, "BAD_REQUEST");
        world.line("imessage").await;
        let asked = world.call("POST", "/v1/location/refresh", None).await.ok();
        assert_eq!(asked, json!({"success": true, "pollAfterSeconds": 20}));
    }
}
