//! Bodies that are empty, broken, huge or strange.

use std::time::Duration;

use axum::body::Body;
use futures::stream;
use serde_json::json;

use crate::world::{World, on_both};

on_both! {
    async fn an_empty_body_is_an_empty_object(world) {
        for body in ["", " \n", "{}", "null"] {
            world.post_bytes("/v1/agents", body).await.fault("body.name", "missing");
        }
        let agent = world.agent("A").await;
        world.call("PATCH", &format!("/v1/agents/{agent}"), None).await.ok();
    }

    async fn broken_json_is_refused(world) {
        for body in [
            b"{".as_slice(), b"{\"name\"", b"{\"name\": \"A\"} trailing", b"{'name': 'A'}", b"\x00", b"\xff\xfe",
            b"{\"name\": \"\xc3\"}", b"{\"name\": \"\\ud800\"}", b"NaN",
        ] {
            world.post_bytes("/v1/agents", body.to_vec()).await.fault("body", "json_invalid");
        }
        for body in ["[]", "7", "true", "\"x\""] {
            world.post_bytes("/v1/agents", body).await.fault("body", "model_attributes_type");
        }
        let deep = format!("{{\"name\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        world.post_bytes("/v1/agents", deep).await.fault("body", "json_invalid");
    }

    async fn all_faults_are_named_at_once(world) {
        let tool = json!({"name": "t", "url": 7});
        let body = json!({"voiceSpeed": 9, "language": "xx", "customTools": [tool, 3]});
        let faults = world.post("/v1/agents", body).await.faults();
        let expected = [
            ("body.name", "missing"),
            ("body.voiceSpeed", "less_than_equal"),
            ("body.language", "literal_error"),
            ("body.customTools.0.description", "missing"),
            ("body.customTools.0.url", "string_type"),
            ("body.customTools.1", "model_attributes_type"),
        ];
        assert_eq!(faults, expected.map(|(loc, kind)| (loc.to_owned(), kind.to_owned())));
    }

    async fn both_casings_are_read_and_the_documented_one_wins(world) {
        let body = json!({"name": "A", "max_silence_ms": 10_000, "voice_mode": "hosted", "systemPrompt": "P",
            "system_prompt": "not this", "unknown": {"x": 1},
            "custom_tools": [{"name": "t", "description": "d", "url": "https://example.com", "timeout_ms": 1000}]});
        let made = world.post("/v1/agents", body).await.ok();
        assert_eq!(made["maxSilenceMs"], 10_000);
        assert_eq!(made["voiceMode"], "hosted");
        assert_eq!(made["systemPrompt"], "P");
        assert_eq!(made["customTools"][0]["timeoutMs"], 1000);
        let number = world.post("/v1/numbers", json!({"area_code": "416", "country": "CA"})).await.ok();
        assert!(number["phoneNumber"].as_str().unwrap().starts_with("+1416555"));
        let found = world.get("/v1/numbers/available?area_code=303&limit=1").await.ok();
        assert_eq!(found["data"][0]["areaCode"], "303");
    }
}

#[tokio::test]
async fn a_body_above_the_cap_is_refused_announced_or_not() {
    let world = World::sqlite().await;
    let huge = format!("{{\"name\": \"{}\"}}", "a".repeat(1024 * 1024));
    world.post_bytes("/v1/agents", huge.clone()).await.refused(413, "PAYLOAD_TOO_LARGE");
    let chunks: Vec<Result<_, std::io::Error>> =
        huge.as_bytes().chunks(8192).map(|c| Ok(c.to_vec())).collect();
    let streamed = Body::from_stream(stream::iter(chunks));
    world.post_bytes("/v1/agents", streamed).await.refused(413, "PAYLOAD_TOO_LARGE");
    let fits = json!({"name": "A", "description": "a".repeat(1000 * 1024)});
    world.post("/v1/agents", fits).await.ok();
}

#[tokio::test]
async fn a_body_that_never_ends_times_out() {
    let world = World::sqlite_with(|settings| settings.body_timeout = Duration::from_millis(50)).await;
    let endless = stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let reply = world.post_bytes("/v1/agents", Body::from_stream(endless)).await;
    reply.refused(408, "REQUEST_TIMEOUT");
}
