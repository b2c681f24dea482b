//! Agents: their life, their numbers, their lists.

use serde_json::{Value, json};

use crate::world::on_both;

on_both! {
    async fn a_new_agent_has_every_property_and_default(world) {
        let mut made = world.post("/v1/agents", json!({"name": "Support Bot"})).await.ok();
        let id = made["id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("agt_"));
        assert!(made["createdAt"].as_str().unwrap().ends_with('Z'));
        made["id"] = Value::Null;
        made["createdAt"] = Value::Null;
        assert_eq!(made, json!({
            "id": null, "name": "Support Bot", "description": null, "voiceMode": "webhook",
            "modelTier": "balanced", "systemPrompt": null, "beginMessage": null,
            "voice": "custom_voice_ea22ba5fdfaa18f39c274851c1", "transferNumber": null,
            "voicemailMessage": null, "sttMode": "fast", "ambientSound": "none",
            "denoisingMode": "noise-cancellation", "maxSilenceMs": 600_000, "enableMessaging": true,
            "enableBackchannel": true, "interruptionSensitivity": 0.8, "voiceSpeed": 1.0,
            "language": "en-US", "callScreeningIdentity": null, "callScreeningPurpose": null,
            "customTools": [], "createdAt": null, "numbers": [],
        }));
        let listed = world.get("/v1/agents").await.ok();
        let single = world.get(&format!("/v1/agents/{id}")).await.ok();
        assert_eq!(listed["data"][0], single);
        assert_eq!(single.as_object().unwrap().len(), made.as_object().unwrap().len());
    }

    async fn deleting_keeps_the_number_and_drops_the_webhook(world) {
        let (agent, number) = (world.agent("Bob").await, world.number().await);
        let path = format!("/v1/agents/{agent}");
        world.post(&format!("{path}/numbers"), json!({"numberId": number})).await.ok();
        world.post(&format!("{path}/webhook"), json!({"url": "https://example.com"})).await.ok();
        assert_eq!(world.delete(&path).await.ok(), json!({"success": true, "id": agent, "name": "Bob"}));
        assert_eq!(world.get(&path).await.refused(404, "NOT_FOUND"), "Agent not found");
        world.delete(&path).await.refused(404, "NOT_FOUND");
        world.get(&format!("{path}/webhook")).await.refused(404, "NOT_FOUND");
        let number = world.get(&format!("/v1/numbers/{number}")).await.ok();
        assert_eq!((&number["agentId"], &number["status"]), (&Value::Null, &json!("active")));
    }

    async fn a_number_is_attached_moved_and_detached(world) {
        let (first, second, number) = (world.agent("A").await, world.agent("B").await, world.number().await);
        let attach = json!({"numberId": number});
        let done = world.post(&format!("/v1/agents/{first}/numbers"), attach.clone()).await.ok();
        assert_eq!(done["agentId"], json!(first));
        let keys: Vec<_> = done["number"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["id", "phoneNumber", "status", "type"]);
        let again = world.post(&format!("/v1/agents/{first}/numbers"), attach.clone()).await.ok();
        assert_eq!(again, done, "attaching again changes nothing");
        assert_eq!(world.get(&format!("/v1/agents/{first}")).await.ok()["numbers"], json!([done["number"]]));

        world.post(&format!("/v1/agents/{second}/numbers"), attach).await.ok();
        assert_eq!(world.get(&format!("/v1/agents/{first}")).await.ok()["numbers"], json!([]));
        assert_eq!(world.get(&format!("/v1/numbers/{number}")).await.ok()["agentId"], json!(second));

        let wrong = world.delete(&format!("/v1/agents/{first}/numbers/{number}")).await;
        wrong.refused(404, "PHONE_NUMBER_NOT_FOUND");
        let right = world.delete(&format!("/v1/agents/{second}/numbers/{number}")).await.ok();
        assert_eq!(right, json!({"success": true}));
        let gone = world.delete(&format!("/v1/agents/{second}/numbers/{number}")).await;
        gone.refused(404, "PHONE_NUMBER_NOT_FOUND");
        world.delete(&format!("/v1/agents/agt_x/numbers/{number}")).await.refused(404, "NOT_FOUND");
    }

    async fn what_cannot_be_attached_is_refused(world) {
        let (agent, number) = (world.agent("A").await, world.number().await);
        let path = format!("/v1/agents/{agent}/numbers");
        world.post(&path, json!({})).await.fault("body.numberId", "missing");
        world.post(&path, json!({"numberId": "num_x"})).await.refused(404, "PHONE_NUMBER_NOT_FOUND");
        let attach = json!({"numberId": number});
        world.post("/v1/agents/agt_x/numbers", attach.clone()).await.refused(404, "NOT_FOUND");
        world.delete(&format!("/v1/numbers/{number}")).await.ok();
        world.post(&path, attach).await.refused(400, "BAD_REQUEST");
    }

    async fn agents_come_newest_first_in_pages(world) {
        for n in 0..23 {
            world.agent(&format!("A{n}")).await;
        }
        let first = world.get("/v1/agents").await.ok();
        assert_eq!(first["data"].as_array().unwrap().len(), 20, "the default page");
        assert_eq!((&first["hasMore"], &first["total"]), (&json!(true), &json!(23)));
        assert_eq!(first["data"][0]["name"], "A22");
        let rest = world.get("/v1/agents?offset=20").await.ok();
        assert_eq!(rest["data"].as_array().unwrap().len(), 3);
        assert_eq!((&rest["hasMore"], &rest["total"]), (&json!(false), &json!(23)));
        assert_eq!(rest["data"][2]["name"], "A0");
        let past = world.get("/v1/agents?offset=99999999999").await.ok();
        assert_eq!(past, json!({"data": [], "hasMore": false, "total": 23}));
        let exact = world.get("/v1/agents?limit=23").await.ok();
        assert_eq!(exact["hasMore"], json!(false));
    }

    async fn an_agent_without_threads_lists_none(world) {
        let agent = world.agent("A").await;
        let page = world.get(&format!("/v1/agents/{agent}/conversations")).await.ok();
        assert_eq!(page, json!({"data": [], "hasMore": false, "total": 0}));
        world.get("/v1/agents/agt_x/conversations").await.refused(404, "NOT_FOUND");
    }

    async fn the_voices_hold_the_names_clients_know(world) {
        let voices = world.get("/v1/agents/voices").await.ok();
        let ids: Vec<_> = voices["data"].as_array().unwrap().iter().map(|v| v["voice_id"].clone()).collect();
        assert_eq!(ids[0], "custom_voice_ea22ba5fdfaa18f39c274851c1");
        assert!(ids.contains(&json!("Polly.Amy")) && ids.contains(&json!("Polly.Joanna")));
        assert_eq!(voices["data"][1], json!({"voice_id": "Polly.Amy", "voice_name": "Amy", "provider": "polly",
            "gender": "female", "accent": "British", "preview_audio_url": null}));
    }
}
