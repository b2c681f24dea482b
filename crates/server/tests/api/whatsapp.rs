//! WhatsApp business accounts on the built-in carrier (contract §17).

use std::{sync::atomic::Ordering, time::Duration};

use offhook_model::id::NumberId;
use offhook_server::whatsapp::check_template;
use serde_json::{Value, json};

use crate::world::{World, on_both};

const ROOT: &str = "/integrations/whatsapp";

async fn connect(world: &World) -> String {
    let made = world.post(&format!("{ROOT}/connect"), json!({"code": "AQBx"})).await.ok();
    assert_eq!(made["status"], "connected");
    made["connection_id"].as_str().unwrap().to_owned()
}

async fn offered(world: &World, connection: &str) -> Vec<Value> {
    let offered = world.get(&format!("{ROOT}/{connection}/available-numbers")).await.ok();
    offered["data"].as_array().unwrap().clone()
}

async fn bind(world: &World, connection: &str) -> String {
    let number = world.number().await;
    let offers = offered(world, connection).await;
    let id = &offers.last().unwrap()["phone_number_id"];
    let bound =
        world.post(&format!("{ROOT}/{connection}/numbers"), json!({"phone_number_id": id})).await.ok();
    assert_eq!(bound, json!({"success": true, "number_id": number}));
    number
}

async fn enabled(world: &World, number: &str) -> Value {
    world.get(&format!("/v1/numbers/{number}")).await.ok()["whatsappEnabled"].clone()
}

fn template(name: &str) -> Value {
    json!({"name": name, "category": "utility", "components": [{"type": "BODY", "text": "Your order {{1}} is ready."}]})
}

fn names(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|template| template["name"].as_str().unwrap()).collect()
}

/// Whether the number may send this template.
async fn may_send(world: &World, number: &str, name: &str) -> Result<(), String> {
    let number = NumberId::from(number);
    let checked = check_template(&world.app, &world.account, &number, name, "en_US").await;
    checked.map_err(|error| format!("{error:?}"))
}

on_both! {
    async fn a_bound_number_is_enabled_until_the_connection_ends(world) {
        let none = json!({"connected": false, "connections": []});
        assert_eq!(world.get(&format!("{ROOT}/status")).await.ok(), none);
        let connection = connect(&world).await;
        assert!(connection.starts_with("wac_"));
        assert_eq!(connect(&world).await, connection, "the same business account");
        let number = bind(&world, &connection).await;
        assert_eq!(enabled(&world, &number).await, true);
        assert!(offered(&world, &connection).await.is_empty(), "a bound number is not offered again");
        let status = world.get(&format!("{ROOT}/status")).await.ok();
        assert_eq!((&status["connected"], status["connections"].as_array().unwrap().len()), (&json!(true), 1));
        assert_eq!(status["connections"][0]["numbers"][0]["number_id"], number.as_str());
        let path = format!("{ROOT}/{connection}");
        assert_eq!(world.delete(&path).await.ok(), json!({"success": true}));
        assert_eq!(enabled(&world, &number).await, false);
        assert_eq!(world.get(&format!("{ROOT}/status")).await.ok(), none);
        world.delete(&path).await.refused(404, "NOT_FOUND");
    }

    async fn a_number_can_be_bound_while_connecting(world) {
        let (agent, number) = (world.agent("A").await, world.number().await);
        let digits = world.get(&format!("/v1/numbers/{number}")).await.ok()["phoneNumber"].as_str().unwrap()[1..].to_owned();
        let body = json!({"code": "c", "waba_id": "w", "business_id": "b", "phone_number_id": digits, "agent_id": agent});
        world.post(&format!("{ROOT}/connect"), body).await.ok();
        let held = world.get(&format!("/v1/numbers/{number}")).await.ok();
        assert_eq!((&held["whatsappEnabled"], &held["agentId"]), (&json!(true), &json!(agent)));
        let status = world.get(&format!("{ROOT}/status")).await.ok();
        assert_eq!((&status["connections"][0]["waba_id"], &status["connections"][0]["business_id"]), (&json!("w"), &json!("b")));
    }

    async fn binding_moves_a_number_only_to_an_agent_that_was_named(world) {
        let (first, second) = (world.agent("A").await, world.agent("B").await);
        let connection = world.post(&format!("{ROOT}/connect"), json!({"code": "c", "agent_id": first})).await.ok();
        let connection = connection["connection_id"].as_str().unwrap();
        let number = bind(&world, connection).await;
        let agent = |number: Value| number["agentId"].clone();
        let path = format!("/v1/numbers/{number}");
        assert_eq!(agent(world.get(&path).await.ok()), first.as_str(), "a loose number gets the connection's agent");
        let id = world.get(&path).await.ok()["phoneNumber"].as_str().unwrap()[1..].to_owned();
        let numbers = format!("{ROOT}/{connection}/numbers");
        world.post(&numbers, json!({"phone_number_id": id, "agent_id": second})).await.ok();
        assert_eq!(agent(world.get(&path).await.ok()), second.as_str());
        world.post(&numbers, json!({"phone_number_id": id})).await.ok();
        assert_eq!(agent(world.get(&path).await.ok()), second.as_str(), "a number with an agent keeps it");
        world.post(&numbers, json!({"phone_number_id": id, "agent_id": "agt_nobody"})).await.refused(404, "NOT_FOUND");
        world.post(&numbers, json!({"phone_number_id": "7"})).await.refused(404, "PHONE_NUMBER_NOT_FOUND");
    }

    async fn a_released_number_loses_whatsapp(world) {
        let connection = connect(&world).await;
        let number = bind(&world, &connection).await;
        world.delete(&format!("/v1/numbers/{number}")).await.ok();
        assert_eq!(enabled(&world, &number).await, false);
        assert_eq!(world.get(&format!("{ROOT}/status")).await.ok()["connections"][0]["numbers"], json!([]));
        assert!(may_send(&world, &number, "hello").await.unwrap_err().contains("not connected"));
    }

    async fn templates_wait_then_are_approved_or_rejected(world) {
        let connection = connect(&world).await;
        let number = bind(&world, &connection).await;
        let path = format!("{ROOT}/{connection}/templates");
        let made = world.post(&path, template("order_ready")).await.ok();
        assert!(made["id"].as_str().unwrap().starts_with("wat_"));
        assert_eq!((&made["status"], &made["category"], &made["language"]), (&json!("PENDING"), &json!("UTILITY"), &json!("en_US")));
        assert_eq!(made["components"][0]["type"], "BODY");
        world.post(&path, template("rejected_offer")).await.ok();
        assert!(may_send(&world, &number, "order_ready").await.unwrap_err().contains("pending"));
        world.advance(Duration::from_secs(3));
        assert_eq!(may_send(&world, &number, "order_ready").await, Ok(()));
        assert!(may_send(&world, &number, "rejected_offer").await.unwrap_err().contains("rejected"));
        assert!(may_send(&world, &number, "unknown").await.unwrap_err().contains("no template"));
        let list = world.get(&path).await.ok();
        assert_eq!(names(&list), ["order_ready", "rejected_offer"]);
        assert_eq!((&list["data"][0]["status"], &list["data"][1]["status"]), (&json!("APPROVED"), &json!("REJECTED")));
        assert_eq!(list["data"][1]["rejected_reason"], "INVALID_FORMAT");
    }

    async fn templates_are_filtered(world) {
        let connection = connect(&world).await;
        let path = format!("{ROOT}/{connection}/templates");
        world.post(&path, template("order_ready")).await.ok();
        world.post(&path, json!({"name": "order_ready", "category": "UTILITY", "language": "de"})).await.ok();
        world.post(&path, json!({"name": "rejected", "category": "MARKETING"})).await.ok();
        world.advance(Duration::from_secs(3));
        for (query, found) in [
            ("name=order_ready", vec!["order_ready", "order_ready"]),
            ("name=order", vec![]),
            ("language=de", vec!["order_ready"]),
            ("status=approved&category=utility", vec!["order_ready", "order_ready"]),
            ("status=REJECTED", vec!["rejected"]),
            ("status=PENDING", vec![]),
            ("status=nonsense", vec![]),
            ("category=MARKETING&language=en_US", vec!["rejected"]),
        ] {
            assert_eq!(names(&world.get(&format!("{path}?{query}")).await.ok()), found, "{query}");
        }
    }

    async fn a_template_is_taken_back_by_name_or_in_one_language(world) {
        let connection = connect(&world).await;
        let path = format!("{ROOT}/{connection}/templates");
        world.post(&path, template("hello")).await.ok();
        world.post(&path, template("hello")).await.refused(409, "CONFLICT");
        let german = world.post(&path, json!({"name": "hello", "category": "UTILITY", "language": "de_DE"})).await.ok();
        world.delete(&path).await.fault("query.name", "missing");
        world.delete(&format!("{path}?name=other")).await.refused(404, "NOT_FOUND");
        let german = german["id"].as_str().unwrap();
        world.delete(&format!("{path}?name=other&hsm_id={german}")).await.refused(404, "NOT_FOUND");
        assert_eq!(world.delete(&format!("{path}?name=hello&hsm_id={german}")).await.ok(), json!({"success": true}));
        assert_eq!(world.get(&path).await.ok()["data"].as_array().unwrap().len(), 1);
        world.delete(&format!("{path}?name=hello")).await.ok();
        assert_eq!(world.get(&path).await.ok(), json!({"data": []}));
    }

    async fn unusable_requests_are_refused(world) {
        let connection = connect(&world).await;
        let path = format!("{ROOT}/{connection}/templates");
        for (field, value, kind) in [
            ("name", json!("Order Ready"), "string_pattern_mismatch"),
            ("name", json!("x".repeat(513)), "string_pattern_mismatch"),
            ("category", json!("SPAM"), "literal_error"),
            ("language", json!("english"), "string_pattern_mismatch"),
            ("parameter_format", json!("other"), "literal_error"),
            ("components", json!({}), "list_type"),
        ] {
            let mut body = template("hello");
            body[field] = value;
            world.post(&path, body).await.fault(&format!("body.{field}"), kind);
        }
        world.post(&path, template(&"x".repeat(512))).await.ok();
        world.post(&format!("{ROOT}/connect"), json!({})).await.fault("body.code", "missing");
        let refused = world.post(&format!("{ROOT}/connect"), json!({"code": "invalid"})).await;
        assert!(refused.refused(400, "BAD_REQUEST").contains("sign-up code"));
        let body = json!({"code": "c", "agent_id": "agt_nobody"});
        world.post(&format!("{ROOT}/connect"), body).await.refused(404, "NOT_FOUND");
        world.get(&format!("{ROOT}/wac_nobody/templates")).await.refused(404, "NOT_FOUND");
    }

    async fn a_carrier_without_whatsapp_says_so(world) {
        let connection = connect(&world).await;
        world.carrier.no_whatsapp.store(true, Ordering::Relaxed);
        let detail = world.post(&format!("{ROOT}/connect"), json!({"code": "c"})).await.refused(400, "BAD_REQUEST");
        assert!(detail.contains("does not offer WhatsApp"), "{detail}");
        for path in ["available-numbers", "templates"] {
            world.get(&format!("{ROOT}/{connection}/{path}")).await.refused(400, "BAD_REQUEST");
        }
        world.get(&format!("{ROOT}/status")).await.ok();
        world.delete(&format!("{ROOT}/{connection}")).await.ok();
    }
}
