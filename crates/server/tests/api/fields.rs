//! Every field on both sides of each of its limits.

use serde_json::{Value, json};

use crate::world::{World, on_both};

fn text(count: usize) -> Value {
    Value::String("é".repeat(count))
}

fn agent(field: &str, value: &Value) -> Value {
    let mut body = json!({"name": "A", "systemPrompt": "P"});
    body[field] = value.clone();
    body
}

on_both! {
    async fn agent_fields_take_what_the_contract_allows(world) {
        for (field, value, shown) in [
            ("name", json!("  Bob \n"), json!("Bob")),
            ("name", text(200), text(200)),
            ("description", json!(""), json!("")),
            ("description", Value::Null, Value::Null),
            ("voiceMode", json!("hosted"), json!("hosted")),
            ("voiceMode", Value::Null, json!("webhook")),
            ("voice", json!("nobody"), json!("nobody")),
            ("voice", json!(""), json!("custom_voice_ea22ba5fdfaa18f39c274851c1")),
            ("voice", Value::Null, json!("custom_voice_ea22ba5fdfaa18f39c274851c1")),
            ("modelTier", json!("max"), json!("max")),
            ("sttMode", json!("accurate"), json!("accurate")),
            ("ambientSound", json!("coffee-shop"), json!("coffee-shop")),
            ("denoisingMode", json!("noise-and-background-speech-cancellation"),
                json!("noise-and-background-speech-cancellation")),
            ("transferNumber", json!("+14155550100"), json!("+14155550100")),
            ("transferNumber", json!(""), Value::Null),
            ("voicemailMessage", text(1000), text(1000)),
            ("voicemailMessage", json!(""), Value::Null),
            ("callScreeningIdentity", text(100), text(100)),
            ("callScreeningIdentity", json!(""), Value::Null),
            ("callScreeningPurpose", text(300), text(300)),
            ("maxSilenceMs", json!(10_000), json!(10_000)),
            ("maxSilenceMs", json!(3_600_000), json!(3_600_000)),
            ("maxSilenceMs", json!(20_000.0), json!(20_000)),
            ("voiceSpeed", json!(0.5), json!(0.5)),
            ("voiceSpeed", json!(2), json!(2.0)),
            ("interruptionSensitivity", json!(0), json!(0.0)),
            ("interruptionSensitivity", json!(1.0), json!(1.0)),
            ("enableBackchannel", json!(false), json!(false)),
            ("enableMessaging", json!(false), json!(false)),
            ("language", json!("yue-CN"), json!("yue-CN")),
            ("customTools", json!([]), json!([])),
        ] {
            let made = world.post("/v1/agents", agent(field, &value)).await.ok();
            assert_eq!(made[field], shown, "{field} = {value}");
        }
    }

    async fn agent_fields_refuse_what_it_does_not(world) {
        for (field, value, kind) in [
            ("name", json!(" \t "), "string_too_short"),
            ("name", text(201), "string_too_long"),
            ("name", json!(7), "string_type"),
            ("name", json!("a\u{0}b"), "value_error"),
            ("description", json!(["x"]), "string_type"),
            ("voiceMode", json!("Hosted"), "literal_error"),
            ("voiceMode", json!(1), "literal_error"),
            ("modelTier", json!("mini"), "literal_error"),
            ("sttMode", json!("slow"), "literal_error"),
            ("ambientSound", json!("coffee_shop"), "literal_error"),
            ("denoisingMode", json!("none"), "literal_error"),
            ("transferNumber", json!("4155550100"), "value_error"),
            ("transferNumber", json!("+442079460000"), "value_error"),
            ("transferNumber", json!("+18765550100"), "value_error"),
            ("transferNumber", json!("+10005550100"), "value_error"),
            ("voicemailMessage", text(1001), "string_too_long"),
            ("callScreeningIdentity", text(101), "string_too_long"),
            ("callScreeningPurpose", text(301), "string_too_long"),
            ("maxSilenceMs", json!(9_999), "greater_than_equal"),
            ("maxSilenceMs", json!(3_600_001), "less_than_equal"),
            ("maxSilenceMs", json!(1e300), "less_than_equal"),
            ("maxSilenceMs", json!(u64::MAX), "less_than_equal"),
            ("maxSilenceMs", json!(20_000.5), "int_from_float"),
            ("maxSilenceMs", json!("20000"), "int_parsing"),
            ("maxSilenceMs", json!(true), "int_type"),
            ("voiceSpeed", json!(0.49), "greater_than_equal"),
            ("voiceSpeed", json!(2.01), "less_than_equal"),
            ("voiceSpeed", json!("fast"), "float_parsing"),
            ("voiceSpeed", json!({}), "float_type"),
            ("interruptionSensitivity", json!(-0.01), "greater_than_equal"),
            ("interruptionSensitivity", json!(1.01), "less_than_equal"),
            ("enableBackchannel", json!("yes"), "bool_parsing"),
            ("enableMessaging", json!(1), "bool_type"),
            ("language", json!("en"), "literal_error"),
            ("customTools", json!({}), "list_type"),
        ] {
            world.post("/v1/agents", agent(field, &value)).await.fault(&format!("body.{field}"), kind);
            let id = world.agent("B").await;
            let path = format!("/v1/agents/{id}");
            world.patch(&path, json!({field: value})).await.fault(&format!("body.{field}"), kind);
        }
    }

    async fn custom_tools_are_checked_field_by_field(world) {
        let tool = |field: &str, value: Value| {
            let mut tool = json!({"name": "look_up", "description": "d", "url": "https://example.com/t"});
            tool[field] = value;
            json!({"name": "A", "customTools": [tool]})
        };
        for (field, value) in [
            ("name", text(0).as_str().map_or(Value::Null, |_| json!("A-b_9"))),
            ("name", json!("a".repeat(64))),
            ("description", text(1024)),
            ("url", json!(format!("https://example.com/{}", "a".repeat(2028)))),
            ("method", json!("GET")),
            ("headers", json!({"X-Key": "v"})),
            ("parameters", json!({"type": "object", "properties": {}})),
            ("timeoutMs", json!(1000)),
            ("timeoutMs", json!(120_000)),
            ("speakDuringExecution", json!(true)),
            ("executionMessage", text(500)),
        ] {
            let made = world.post("/v1/agents", tool(field, value.clone())).await.ok();
            assert_eq!(made["customTools"][0][field], value, "{field}");
        }
        for (field, value, kind) in [
            ("name", json!(""), "string_pattern_mismatch"),
            ("name", json!("a".repeat(65)), "string_pattern_mismatch"),
            ("name", json!("a b"), "string_pattern_mismatch"),
            ("name", json!("end_call"), "value_error"),
            ("name", Value::Null, "string_type"),
            ("description", json!(""), "string_too_short"),
            ("description", text(1025), "string_too_long"),
            ("url", json!(format!("https://example.com/{}", "a".repeat(2029))), "string_too_long"),
            ("url", json!("ftp://example.com"), "value_error"),
            ("url", json!("no url"), "value_error"),
            ("url", json!("https://169.254.169.254/"), "value_error"),
            ("method", json!("PUT"), "literal_error"),
            ("headers", json!({"bad header": "v"}), "value_error"),
            ("headers", json!([]), "dict_type"),
            ("parameters", json!({"type": "array"}), "value_error"),
            ("parameters", json!("x"), "dict_type"),
            ("timeoutMs", json!(999), "greater_than_equal"),
            ("timeoutMs", json!(120_001), "less_than_equal"),
            ("speakDuringExecution", json!("no"), "bool_parsing"),
            ("executionMessage", text(501), "string_too_long"),
        ] {
            let reply = world.post("/v1/agents", tool(field, value)).await;
            reply.fault(&format!("body.customTools.0.{field}"), kind);
        }
    }

    async fn a_tool_shows_its_defaults(world) {
        let tool = json!({"name": "t", "description": "d", "url": "https://example.com"});
        let made = world.post("/v1/agents", json!({"name": "A", "customTools": [tool]})).await.ok();
        assert_eq!(made["customTools"], json!([{
            "name": "t", "description": "d", "url": "https://example.com", "method": "POST", "headers": null,
            "parameters": null, "timeoutMs": 120_000, "speakDuringExecution": false, "executionMessage": null
        }]));
    }

    async fn tools_are_twenty_at_most_and_named_apart(world) {
        let tool = |name: String| json!({"name": name, "description": "d", "url": "https://example.com"});
        let tools = |count: usize| (0..count).map(|n| tool(format!("t{n}"))).collect::<Vec<_>>();
        world.post("/v1/agents", json!({"name": "A", "customTools": tools(20)})).await.ok();
        let reply = world.post("/v1/agents", json!({"name": "A", "customTools": tools(21)})).await;
        reply.fault("body.customTools", "too_long");
        let twins = [tool("t".into()), tool("u".into()), tool("t".into())];
        let reply = world.post("/v1/agents", json!({"name": "A", "customTools": twins})).await;
        reply.fault("body.customTools.2.name", "value_error");
    }

    async fn webhook_fields_have_limits(world) {
        let url = "https://hooks.example.com/in";
        for (field, value) in
            [("contextLimit", 0), ("contextLimit", 50), ("timeout", 5), ("timeout", 120)]
        {
            let set = world.post("/v1/webhooks", json!({"url": url, field: value})).await.ok();
            assert_eq!(set[field], value);
        }
        for (field, value, kind) in [
            ("contextLimit", json!(-1), "greater_than_equal"),
            ("contextLimit", json!(51), "less_than_equal"),
            ("timeout", json!(4), "greater_than_equal"),
            ("timeout", json!(121), "less_than_equal"),
            ("timeout", json!("30"), "int_parsing"),
        ] {
            let reply = world.post("/v1/webhooks", json!({"url": url, field: value})).await;
            reply.fault(&format!("body.{field}"), kind);
        }
        world.post("/v1/webhooks", json!({})).await.fault("body.url", "missing");
        world.post("/v1/webhooks", json!({"url": null})).await.fault("body.url", "string_type");
        world.post("/v1/webhooks", json!({"url": "mailto:a@b"})).await.fault("body.url", "value_error");
    }

    async fn number_fields_have_limits(world) {
        for (field, value, kind) in [
            ("country", json!("GB"), "literal_error"),
            ("areaCode", json!("41"), "string_pattern_mismatch"),
            ("areaCode", json!("4155"), "string_pattern_mismatch"),
            ("areaCode", json!("41x"), "string_pattern_mismatch"),
            ("areaCode", json!(415), "string_type"),
            ("type", json!("fax"), "literal_error"),
            ("expiresAt", json!("tomorrow"), "datetime_parsing"),
            ("expiresAt", json!("2020-01-01T00:00:00Z"), "value_error"),
        ] {
            let reply = world.post("/v1/numbers", json!({field: value})).await;
            reply.fault(&format!("body.{field}"), kind);
        }
        let body = json!({"country": "CA", "type": "imessage", "imessageType": "x", "externalId": "e",
            "expiresAt": "2030-01-01T01:00:00+01:00"});
        let number = world.post("/v1/numbers", body).await.ok();
        assert_eq!(number["country"], "CA");
        assert_eq!(number["type"], "imessage");
        assert_eq!(number["externalId"], "e");
        assert_eq!(number["expiresAt"], "2030-01-01T00:00:00Z");
        assert_eq!(number["dailyNewContacts"], json!({"used": 0, "limit": 50}));
    }
}

#[tokio::test]
async fn private_addresses_are_refused_unless_the_operator_allows_them() {
    let world = World::sqlite_with(|settings| settings.allow_private = false).await;
    for url in ["https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://0x7f.1/"] {
        world.post("/v1/webhooks", json!({"url": url})).await.refused(400, "BAD_REQUEST");
        let tool = json!({"name": "t", "description": "d", "url": url});
        let reply = world.post("/v1/agents", json!({"name": "A", "customTools": [tool]})).await;
        reply.fault("body.customTools.0.url", "value_error");
    }
    let http = json!({"url": "http://hooks.example.com"});
    world.post("/v1/webhooks", http.clone()).await.fault("body.url", "value_error");
    let open = World::sqlite().await;
    open.post("/v1/webhooks", http).await.ok();
    open.post("/v1/webhooks", json!({"url": "http://127.0.0.1:1/x"})).await.ok();
}
