//! Nobody reaches what belongs to another: every route of the document, with
//! another account's ids.

use offhook_model::id::ConversationId;
use offhook_store::Conversation;
use serde_json::{Value, json};

use crate::world::{World, on_both};

/// A body that fits, so that only the id can be at fault.
fn body(operation: &str, number: &str) -> Value {
    match operation {
        "attachNumberToAgent" => json!({"numberId": number}),
        "createOrUpdateAgentWebhook" => json!({"url": "https://example.com/stolen"}),
        "whatsappConnectNumber" => json!({"phone_number_id": "7"}),
        "whatsappCreateTemplate" => json!({"name": "stolen", "category": "UTILITY"}),
        "setChatBackground" => json!({"image_url": "https://example.com/stolen.png"}),
        "sendReaction" => json!({"reaction": "love"}),
        "updateAgent" => json!({"name": "stolen"}),
        "updateNumber" => json!({"externalId": "stolen"}),
        "updateSubAccount" => json!({"name": "stolen"}),
        _ => json!({}),
    }
}

/// A query that fits, where one is needed.
fn query(operation: &str) -> &'static str {
    if operation == "whatsappDeleteTemplate" { "?name=stolen" } else { "" }
}

/// A thread of the account.
async fn thread(world: &World, number: &str) -> String {
    let now = world.app.now();
    let id = ConversationId::new(now, rand::random());
    let thread = Conversation {
        id: id.clone(),
        account_id: world.account.clone(),
        agent_id: None,
        number_id: number.into(),
        phone_number: "+14155550100".into(),
        participant: "+14155559876".into(),
        channel: "imessage".into(),
        is_group: false,
        group_id: None,
        group_name: None,
        group_icon_url: None,
        participants: None,
        last_message_at: now,
        last_message_preview: "mine".into(),
        message_count: 0,
        metadata: Some(json!({"mine": true})),
        last_inbound_at: None,
        carrier_group: None,
        created_at: now,
    };
    world.app.store().create_conversation(&thread).await.unwrap();
    id.to_string()
}

async fn snapshot(world: &World, agent: &str, number: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        format!("/v1/agents/{agent}"),
        format!("/v1/numbers/{number}"),
        format!("/v1/agents/{agent}/webhook"),
    ] {
        all.push(world.get(&path).await.ok());
    }
    all
}

on_both! {
    async fn foreign_ids_are_not_found_on_any_route(world) {
        let agent = world.agent("mine").await;
        let number = world.number().await;
        world.post(&format!("/v1/agents/{agent}/numbers"), json!({"numberId": number})).await.ok();
        world.post(&format!("/v1/agents/{agent}/webhook"), json!({"url": "https://example.com"})).await.ok();
        let trunk = world.post("/v1/sip-trunks", json!({})).await.ok()["id"].as_str().unwrap().to_owned();
        let known = json!({"phoneNumber": "+14155559876", "name": "mine"});
        let contact = world.post("/v1/contacts", known).await.body["id"].as_str().unwrap().to_owned();
        let connected = world.post("/integrations/whatsapp/connect", json!({"code": "c", "waba_id": "mine"})).await.ok();
        let connection = connected["connection_id"].as_str().unwrap().to_owned();
        let conversation = thread(&world, &number).await;
        let before = snapshot(&world, &agent, &number).await;
        let (_, thief) = world.add_account(None).await;
        let (_, child) = world.add_account(Some(&world.account)).await;

        let document = serde_json::to_value(offhook_server::openapi::document()).unwrap();
        let mut tried = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            // A simulated phone is nobody's: each account has its own behind the same number.
            if !path.contains('{') || path.starts_with("/offhook/v1/sim/") {
                continue;
            }
            let target = path
                .replace("{agent_id}", &agent)
                .replace("{number_id}", &number)
                .replace("{trunk_id}", &trunk)
                .replace("{contact_id}", &contact)
                .replace("{connection_id}", &connection)
                .replace("{conversation_id}", &conversation)
                .replace("{message_id}", "msg_of_another")
                .replace("{phone_number}", "%2B14155559876")
                .replace("{call_id}", "call_of_another")
                .replace("{media_id}", "media_of_another")
                .replace("{sub_account_id}", "sub_of_another");
            assert!(!target.contains('{'), "{path} has a parameter this test does not know");
            for (method, operation) in item.as_object().unwrap() {
                let name = operation["operationId"].as_str().unwrap();
                let body = body(name, &number);
                let target = format!("{target}{}", query(name));
                for key in [&thief, &child] {
                    let method = method.to_uppercase();
                    let reply = world.call_as(key, &method, &target, Some(body.clone())).await;
                    assert_eq!(reply.status, 404, "{method} {path}: {:#}", reply.body);
                    assert!(!reply.body.to_string().contains("mine"));
                    tried += 1;
                }
            }
        }
        assert!(tried >= 30, "only {tried} requests were tried");
        assert_eq!(snapshot(&world, &agent, &number).await, before);
    }

    async fn every_route_of_the_document_asks_for_a_key(world) {
        let document = serde_json::to_value(offhook_server::openapi::document()).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let public = operation["security"] == json!([{}]);
                let target = path.replace(['{', '}'], "");
                let reply = world.call_as("sk_live_wrong", &method.to_uppercase(), &target, Some(json!({}))).await;
                assert_eq!(reply.status == 401, !public, "{method} {path}: {}", reply.status);
            }
        }
    }

    async fn a_foreign_number_cannot_be_attached(world) {
        let number = world.number().await;
        let (_, thief) = world.add_account(None).await;
        let agent = world.call_as(&thief, "POST", "/v1/agents", Some(json!({"name": "T"}))).await.ok();
        let path = format!("/v1/agents/{}/numbers", agent["id"].as_str().unwrap());
        let reply = world.call_as(&thief, "POST", &path, Some(json!({"numberId": number}))).await;
        reply.refused(404, "PHONE_NUMBER_NOT_FOUND");
        for list in ["/v1/agents", "/v1/numbers", "/v1/webhooks/deliveries"] {
            let page = world.call_as(&thief, "GET", list, None).await.ok();
            assert!(!page.to_string().contains(&number));
        }
    }
}
