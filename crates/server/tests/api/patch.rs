//! What PATCH changes: omitted, null, and the change of mode (contract §1.2).

use serde_json::{Value, json};

use crate::world::on_both;

on_both! {
    async fn omitted_fields_stay_and_null_restores(world) {
        let full = json!({
            "name": "A", "description": "d", "voiceMode": "hosted", "systemPrompt": "P", "beginMessage": "Hi",
            "voice": "Polly.Amy", "modelTier": "max", "sttMode": "accurate", "ambientSound": "office",
            "denoisingMode": "noise-and-background-speech-cancellation", "transferNumber": "+14155550100",
            "voicemailMessage": "v", "callScreeningIdentity": "i", "callScreeningPurpose": "p",
            "maxSilenceMs": 10_000, "voiceSpeed": 1.5, "interruptionSensitivity": 0.1,
            "enableBackchannel": false, "enableMessaging": false, "language": "de-DE",
            "customTools": [{"name": "t", "description": "d", "url": "https://example.com"}],
        });
        let made = world.post("/v1/agents", full.clone()).await.ok();
        let path = format!("/v1/agents/{}", made["id"].as_str().unwrap());
        assert_eq!(world.patch(&path, json!({})).await.ok(), made, "an empty PATCH changes nothing");

        for (field, restored) in [
            ("name", json!("A")),
            ("description", Value::Null),
            ("beginMessage", Value::Null),
            ("voice", json!("custom_voice_ea22ba5fdfaa18f39c274851c1")),
            ("modelTier", json!("balanced")),
            ("sttMode", json!("fast")),
            ("ambientSound", json!("none")),
            ("denoisingMode", json!("noise-cancellation")),
            ("transferNumber", Value::Null),
            ("voicemailMessage", Value::Null),
            ("callScreeningIdentity", Value::Null),
            ("callScreeningPurpose", Value::Null),
            ("maxSilenceMs", json!(600_000)),
            ("voiceSpeed", json!(1.0)),
            ("interruptionSensitivity", json!(0.8)),
            ("enableBackchannel", json!(true)),
            ("enableMessaging", json!(true)),
            ("language", json!("en-US")),
            ("customTools", json!([])),
        ] {
            let before = world.get(&path).await.ok();
            let mut expected = before.clone();
            expected[field] = restored;
            assert_eq!(world.patch(&path, json!({field: null})).await.ok(), expected, "{field}");
            assert_eq!(world.get(&path).await.ok(), expected, "{field} is stored");
            world.patch(&path, json!({field: full[field]})).await.ok();
        }
    }

    async fn hosted_needs_a_prompt(world) {
        for prompt in [Value::Null, json!(""), json!(" \n ")] {
            let body = json!({"name": "A", "voiceMode": "hosted", "systemPrompt": prompt});
            world.post("/v1/agents", body).await.refused(400, "BAD_REQUEST");
        }
        let id = world.agent("A").await;
        let path = format!("/v1/agents/{id}");
        world.patch(&path, json!({"voiceMode": "hosted"})).await.refused(400, "BAD_REQUEST");
        assert_eq!(world.get(&path).await.ok()["voiceMode"], "webhook", "a refused PATCH changes nothing");
        let both = json!({"voiceMode": "hosted", "systemPrompt": "P"});
        assert_eq!(world.patch(&path, both).await.ok()["voiceMode"], "hosted");
        world.patch(&path, json!({"systemPrompt": null})).await.refused(400, "BAD_REQUEST");
        world.patch(&path, json!({"systemPrompt": "  "})).await.refused(400, "BAD_REQUEST");
    }

    async fn a_stored_prompt_is_enough_to_become_hosted(world) {
        let made = world.post("/v1/agents", json!({"name": "A", "systemPrompt": "P"})).await.ok();
        assert_eq!(made["systemPrompt"], "P");
        let path = format!("/v1/agents/{}", made["id"].as_str().unwrap());
        assert_eq!(world.patch(&path, json!({"voiceMode": "hosted"})).await.ok()["systemPrompt"], "P");
    }

    async fn becoming_webhook_clears_prompt_and_greeting(world) {
        let hosted = json!({"name": "A", "voiceMode": "hosted", "systemPrompt": "P", "beginMessage": "Hi"});
        for (patch, greeting) in [
            (json!({"voiceMode": "webhook"}), Value::Null),
            (json!({"voiceMode": null}), Value::Null),
            (json!({"voiceMode": "webhook", "beginMessage": "Yo", "systemPrompt": "Q"}), json!("Yo")),
        ] {
            let made = world.post("/v1/agents", hosted.clone()).await.ok();
            let path = format!("/v1/agents/{}", made["id"].as_str().unwrap());
            let now = world.patch(&path, patch).await.ok();
            assert_eq!(now["voiceMode"], "webhook");
            assert_eq!(now["systemPrompt"], Value::Null);
            assert_eq!(now["beginMessage"], greeting);
        }
        let made = world.post("/v1/agents", json!({"name": "A", "beginMessage": "Hi"})).await.ok();
        let path = format!("/v1/agents/{}", made["id"].as_str().unwrap());
        let kept = world.patch(&path, json!({"voiceMode": "webhook"})).await.ok();
        assert_eq!(kept["beginMessage"], "Hi", "an agent that is webhook already does not switch");
    }
}
