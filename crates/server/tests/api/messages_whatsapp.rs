//! WhatsApp: a thread of its own, a window, rich content
//! (contract `messaging-behaviour.md` §6).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    texting::{ANN, Line, word},
    world::{Reply, World, on_both},
};

async fn send(world: &World, line: &Line, changes: Value) -> Reply {
    let mut body = json!({"number_id": line.id, "to_number": ANN, "channel": "whatsapp"});
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.post("/v1/messages", body).await
}

async fn hear(world: &World, line: &Line) {
    let body = json!({"from": ANN, "to": line.number, "body": "hello", "channel": "whatsapp"});
    world.hear_with(body).await.ok();
}

on_both! {
    async fn only_a_connected_number_has_whatsapp(world) {
        let line = world.line("sms").await;
        send(&world, &line, json!({"body": "x"})).await.refused(400, "BAD_REQUEST");
        world.connect_whatsapp(&line).await;
        hear(&world, &line).await;
        assert_eq!(send(&world, &line, json!({"body": "x"})).await.ok()["channel"], "whatsapp");
        send(&world, &line, json!({"body": "x", "to_number": "262966"})).await.refused(400, "BAD_REQUEST");
        send(&world, &line, json!({"body": "x", "to_number": "a@b.example"})).await.refused(400, "BAD_REQUEST");
    }

    async fn free_words_leave_within_a_day_of_the_last_message_templates_always(world) {
        let line = world.line("sms").await;
        world.connect_whatsapp(&line).await;
        let detail = send(&world, &line, json!({"body": "x"})).await.refused(400, "BAD_REQUEST");
        assert!(detail.contains("131047"), "{detail}");
        let template = json!({"template": {"name": "hello", "variables": ["Ann"]}});
        send(&world, &line, template.clone()).await.ok();
        let landed = world.inbox(ANN).await;
        let content = json!({"template": {"name": "hello", "language": "en_US", "variables": ["Ann"]}});
        assert_eq!(landed[0]["content"], content);
        hear(&world, &line).await;
        world.advance(Duration::from_secs(24 * 3600 - 2));
        send(&world, &line, json!({"body": "just in time"})).await.ok();
        world.advance(Duration::from_secs(2));
        send(&world, &line, json!({"body": "x"})).await.refused(400, "BAD_REQUEST");
        // A text by another way opens no window.
        world.hear(ANN, &line, "hi").await;
        send(&world, &line, json!({"body": "x"})).await.refused(400, "BAD_REQUEST");
        send(&world, &line, template).await.ok();
    }

    async fn its_thread_is_kept_apart(world) {
        let line = world.line("sms").await;
        world.connect_whatsapp(&line).await;
        let sms = world.text(&line, ANN, "x").await.ok()["conversation_id"].clone();
        hear(&world, &line).await;
        let whatsapp = send(&world, &line, json!({"body": "x"})).await.ok()["conversation_id"].clone();
        assert_ne!(sms, whatsapp);
        assert_eq!(world.text(&line, ANN, "x").await.ok()["conversation_id"], sms);
    }

    async fn rich_content_arrives_as_it_was_written(world) {
        let line = world.line("sms").await;
        world.connect_whatsapp(&line).await;
        hear(&world, &line).await;
        let menu = json!({"button": "Choose", "sections": [{"title": "Plans", "rows": vec![json!({"id": "a", "title": "Basic"}); 10]}]});
        for (name, value) in [
            ("buttons", json!(["Yes", "No", "x".repeat(20)])),
            ("list", menu),
            ("cta", json!({"display_text": "Go", "url": "https://example.com/a"})),
        ] {
            send(&world, &line, json!({"body": "Well?", name: value})).await.ok();
            assert_eq!(world.inbox(ANN).await.last().unwrap()["content"], json!({name: value}));
        }
    }

    async fn a_number_without_whatsapp_fails_with_the_providers_code(world) {
        let line = world.line("sms").await;
        world.connect_whatsapp(&line).await;
        let body = json!({"to_number": "+15005550129", "template": {"name": "hello"}});
        let sent = send(&world, &line, body).await.ok();
        world.take_news().await;
        let message = world.message(&line, &sent["id"]).await;
        assert_eq!((&message["status"], word(&message["errorCode"])), (&json!("failed"), "131026".to_owned()));
    }
}
