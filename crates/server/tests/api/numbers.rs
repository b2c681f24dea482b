//! Numbers: searched, bought, kept, given back.

use serde_json::{Value, json};

use crate::world::{World, on_both};

on_both! {
    async fn a_bought_number_has_every_property(world) {
        let agent = world.agent("A").await;
        let mut number = world.post("/v1/numbers", json!({"areaCode": "415", "agentId": agent})).await.ok();
        assert!(number["id"].as_str().unwrap().starts_with("num_"));
        assert!(number["phoneNumber"].as_str().unwrap().starts_with("+141555501"));
        assert_eq!(number["purchasedAt"], number["createdAt"]);
        assert_eq!(world.get("/v1/numbers").await.ok(), json!({"data": [number], "hasMore": false, "total": 1}));
        assert_eq!(world.get(&format!("/v1/agents/{agent}")).await.ok()["numbers"][0]["id"], number["id"]);
        for volatile in ["id", "phoneNumber", "purchasedAt", "createdAt"] {
            number[volatile] = Value::Null;
        }
        assert_eq!(number, json!({
            "id": null, "phoneNumber": null, "country": "US", "status": "active", "type": "sms",
            "agentId": agent, "outboundSms": "enabled", "inboundCallsEnabled": true,
            "readReceiptsEnabled": null, "whatsappEnabled": false, "dailyNewContacts": null,
            "purchasedAt": null, "externalId": null, "expiresAt": null, "rcsFallbackForAlias": null,
            "createdAt": null,
        }));
    }

    async fn no_number_is_sold_twice(world) {
        let (_, other) = world.add_account(None).await;
        let mut bought = std::collections::HashSet::new();
        for _ in 0..5 {
            let body = Some(json!({"areaCode": "907"}));
            for key in [&world.key, &other] {
                let number = world.call_as(key, "POST", "/v1/numbers", body.clone()).await.ok();
                assert!(bought.insert(number["phoneNumber"].to_string()));
            }
        }
        let offers = world.get("/v1/numbers/available?areaCode=907&limit=100").await.ok();
        let offers = offers["data"].as_array().unwrap();
        assert_eq!(offers.len(), 90);
        assert!(offers.iter().all(|offer| !bought.contains(&offer["phoneNumber"].to_string())));
    }

    async fn an_empty_area_code_names_others(world) {
        let detail = world.post("/v1/numbers", json!({"areaCode": "212"})).await.refused(409, "CONFLICT");
        assert!(detail.contains("212") && detail.contains("Try: "), "{detail}");
        world.post("/v1/numbers", json!({"areaCode": "999"})).await.refused(409, "CONFLICT");
        assert_eq!(world.get("/v1/numbers/available?areaCode=212").await.ok(), json!({"data": []}));
        assert_eq!(world.get("/v1/numbers").await.ok()["total"], 0);
    }

    async fn the_eleventh_number_is_refused(world) {
        for _ in 0..10 {
            world.number().await;
        }
        world.post("/v1/numbers", json!({})).await.refused(409, "VALIDATION_ERROR_NUMBER_LIMIT");
        let held = world.get("/v1/numbers").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
        world.delete(&format!("/v1/numbers/{held}")).await.ok();
        world.number().await;
    }

    async fn a_released_number_stays_readable_and_is_released_once(world) {
        let agent = world.agent("A").await;
        let number = world.post("/v1/numbers", json!({"agentId": agent})).await.ok();
        let path = format!("/v1/numbers/{}", number["id"].as_str().unwrap());
        let gone = world.delete(&path).await.ok();
        assert_eq!(gone, json!({"success": true, "phoneNumber": number["phoneNumber"], "status": "released"}));
        world.delete(&path).await.refused(400, "BAD_REQUEST");
        let shown = world.get(&path).await.ok();
        assert_eq!((&shown["status"], &shown["agentId"]), (&json!("released"), &Value::Null));
        assert_eq!(world.get("/v1/numbers").await.ok()["total"], 0);
        world.delete("/v1/numbers/num_x").await.refused(404, "PHONE_NUMBER_NOT_FOUND");
    }

    async fn reference_and_end_are_set_and_cleared(world) {
        let path = format!("/v1/numbers/{}", world.number().await);
        let set = world.patch(&path, json!({"externalId": "e-1", "expiresAt": "2030-01-01T00:00:00Z"})).await.ok();
        assert_eq!((&set["externalId"], &set["expiresAt"]), (&json!("e-1"), &json!("2030-01-01T00:00:00Z")));
        assert_eq!(world.patch(&path, json!({})).await.ok(), set);
        let cleared = world.patch(&path, json!({"externalId": null})).await.ok();
        assert_eq!((&cleared["externalId"], &cleared["expiresAt"]), (&Value::Null, &set["expiresAt"]));
        let past = json!({"expiresAt": "2001-01-01T00:00:00Z"});
        world.patch(&path, past).await.fault("body.expiresAt", "value_error");
        world.patch("/v1/numbers/num_x", json!({})).await.refused(404, "PHONE_NUMBER_NOT_FOUND");
    }

    async fn search_narrows_by_place(world) {
        let found = world.get("/v1/numbers/available?city=san%20francisco&state=ca").await.ok();
        let found = found["data"].as_array().unwrap();
        assert_eq!(found.len(), 20, "the default page");
        assert!(found.iter().all(|offer| offer["state"] == "CA" && offer["city"] == "San Francisco"));
        assert_eq!(found[0].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["phoneNumber", "city", "state", "rateCenter", "areaCode"]);
        let ontario = world.get("/v1/numbers/available?country=CA&state=Ontario&limit=3").await.ok();
        assert_eq!(ontario["data"][0]["state"], "ON");
        assert_eq!(world.get("/v1/numbers/available?city=Atlantis").await.ok(), json!({"data": []}));
        world.get("/v1/numbers/available?areaCode=4x5").await.fault("query.areaCode", "string_pattern_mismatch");
    }

    async fn an_unknown_agent_buys_nothing(world) {
        world.post("/v1/numbers", json!({"agentId": "agt_x"})).await.refused(404, "NOT_FOUND");
        assert_eq!(world.get("/v1/numbers").await.ok()["total"], 0);
    }
}

#[tokio::test]
async fn without_limits_there_is_no_cap() {
    let world = World::sqlite_with(|settings| settings.limits = None).await;
    for _ in 0..12 {
        world.number().await;
    }
}

#[tokio::test]
async fn simultaneous_purchases_never_pass_the_cap() {
    let world = World::sqlite().await;
    let buy = || world.post("/v1/numbers", json!({"areaCode": "415"}));
    let replies = futures::future::join_all((0..25).map(|_| buy())).await;
    let bought = replies.iter().filter(|reply| reply.status == 200).count();
    assert!(bought <= 10, "{bought}");
    assert_eq!(world.get("/v1/numbers").await.ok()["total"], bought);
}
