//! Nobody reaches what belongs to another: every route of the document, with
//! another account's ids in its path and in its body. A new route joins by
//! itself, with the example of its request body.

mod things;

use axum::body::Body;
use http::{Request, header};
use serde_json::{Value, json};

use crate::{
    document::{Operation, operations},
    world::{Reply, World, on_both_with},
};
use offhook_server::Settings;
use things::Things;

/// The platform has a number of its own, which one-time codes come from.
fn texting(settings: &mut Settings) {
    settings.messages.system_number = "+15005550199".parse().ok();
}

/// Paths whose parameter names nothing of an account: anybody's handset.
const SHARED: [&str; 2] =
    ["/offhook/v1/sim/handsets/{phone_number}", "/offhook/v1/sim/handsets/{phone_number}/messages"];

/// Body fields that name a thing, and which.
const NAMES: &[(&str, &str)] = &[
    ("agentId", "agent_id"),
    ("agent_id", "agent_id"),
    ("numberId", "number_id"),
    ("number_id", "number_id"),
    ("fromNumberId", "number_id"),
    ("reply_to_message_id", "message_id"),
    ("messageId", "message_id"),
    ("message_id", "message_id"),
    ("conversation_id", "conversation_id"),
    ("verification_id", "verification_id"),
];

/// Fields that end in `id` and name nothing an account owns.
const FOREIGN_NAMES: &[&str] =
    &["externalId", "request_id", "waba_id", "phone_number_id", "business_id", "transfer_caller_id"];

/// What the owner sees of their things.
async fn snapshot(world: &World, things: &Things) -> Vec<(String, Value)> {
    let mut seen = Vec::new();
    for operation in operations() {
        let reads = operation.method == "GET" && operation.answers_json() && !operation.is_public();
        if reads && operation.path.contains('{') && operation.id != "streamCallTranscript" {
            let path = format!("{}{}", things.fill(&operation), operation.query());
            let reply = world.get(&path).await;
            assert!(reply.status.is_success() || reply.status == 404, "{path}: {:#}", reply.body);
            seen.push((path, reply.body));
        }
    }
    seen
}

/// The world, the owner's things, and the key and things of a thief and of a sub-account.
async fn owner_and_thieves(world: &mut World) -> (Things, Vec<(String, Things)>) {
    let owner = Things::make(world).await;
    let mut thieves = Vec::new();
    for parent in [None, Some(world.account.clone())] {
        let (account, key) = world.add_account(parent.as_ref()).await;
        let owners = (std::mem::replace(&mut world.account, account), std::mem::replace(&mut world.key, key));
        let things =
            if parent.is_none() { Things::make(world).await } else { Things::make_narrow(world).await };
        let thief = std::mem::replace(&mut world.key, owners.1);
        world.account = owners.0;
        thieves.push((thief, things));
    }
    (owner, thieves)
}

fn assert_hidden(operation: &Operation, reply: &Reply, owner: &Things, sent: &str) {
    let body = reply.body.to_string();
    for secret in owner.secrets().filter(|secret| !sent.contains(secret)) {
        assert!(!body.contains(secret), "{} {} shows {secret}: {body}", operation.method, operation.path);
    }
}

on_both_with! { texting;
    async fn foreign_ids_are_not_found_on_any_route(world) {
        let mut world = world;
        let (owner, thieves) = owner_and_thieves(&mut world).await;
        let before = snapshot(&world, &owner).await;
        let mut tried = 0;
        for operation in operations() {
            if operation.is_public() || SHARED.contains(&operation.path.as_str()) {
                continue;
            }
            for (key, own) in &thieves {
                for parameter in operation.path_parameters() {
                    // All of it another's, then this one id alone.
                    for path in [owner.fill(&operation), own.fill_but(&operation, Some((&parameter, owner.id(&parameter))))] {
                        if parameter == "phone_number" {
                            continue;
                        }
                        let path = format!("{path}{}", operation.query());
                        let reply = world.call_as(key, &operation.method, &path, Some(operation.body_example())).await;
                        assert_eq!(reply.status, 404, "{} {}: {:#}", operation.method, operation.path, reply.body);
                        assert!(!reply.body.to_string().contains("mine"));
                        tried += 1;
                    }
                }
            }
        }
        assert!(tried >= 120, "only {tried} requests were tried");
        assert_eq!(snapshot(&world, &owner).await, before);
    }

    async fn foreign_ids_in_bodies_are_refused(world) {
        let mut world = world;
        let (owner, thieves) = owner_and_thieves(&mut world).await;
        let before = snapshot(&world, &owner).await;
        let mut tried = Vec::new();
        for operation in operations() {
            let Some(schema) = operation.body_schema() else { continue };
            // The network learns of foreign messages, and nothing comes of it.
            if operation.is_public() || operation.path.starts_with("/offhook/v1/sim/") {
                continue;
            }
            let fields: Vec<&String> = schema["properties"].as_object().into_iter().flat_map(|all| all.keys()).collect();
            for field in fields {
                let Some((_, kind)) = NAMES.iter().find(|(name, _)| name == field) else {
                    let names = (field.ends_with("Id") || field.ends_with("_id")) && !FOREIGN_NAMES.contains(&field.as_str());
                    assert!(!names, "{}: what does {field} name?", operation.id);
                    continue;
                };
                for (key, own) in &thieves {
                    let mut body = operation.body_example();
                    for (name, kind) in NAMES {
                        if body.get(name).is_some() {
                            body[name] = json!(own.id(kind));
                        }
                    }
                    body[field] = json!(owner.id(kind));
                    let path = format!("{}{}", own.fill(&operation), operation.query());
                    let reply = world.call_as(key, &operation.method, &path, Some(body)).await;
                    assert_eq!(reply.status, 404, "{} {field}: {:#}", operation.id, reply.body);
                    tried.push(format!("{}.{field}", operation.id));
                }
            }
        }
        for known in ["attachNumberToAgent.numberId", "createOutboundCall.fromNumberId", "sendMessage.number_id", "checkVerification.verification_id"] {
            assert!(tried.iter().any(|tried| tried == known), "{known} was not tried: {tried:?}");
        }
        assert_eq!(snapshot(&world, &owner).await, before);
    }

    async fn anothers_number_sends_nothing(world) {
        let mut world = world;
        let (owner, thieves) = owner_and_thieves(&mut world).await;
        for (key, _) in &thieves {
            let body = json!({"from_number": owner.line, "to_number": "+14155559876", "body": "stolen"});
            let reply = world.call_as(key, "POST", "/v1/messages", Some(body)).await;
            assert!([400, 404].contains(&reply.status.as_u16()), "{:#}", reply.body);
        }
    }

    async fn lists_show_nothing_of_another(world) {
        let mut world = world;
        let (owner, thieves) = owner_and_thieves(&mut world).await;
        for operation in operations() {
            let lists = operation.method == "GET" && operation.answers_json() && !operation.is_public();
            if !lists {
                continue;
            }
            for (key, own) in &thieves {
                let path = format!("{}{}", own.fill(&operation), operation.query());
                let reply = world.call_as(key, "GET", &path, None).await;
                assert_hidden(&operation, &reply, &owner, &path);
            }
        }
    }

    async fn every_route_of_the_document_asks_for_a_key(world) {
        for operation in operations() {
            let target = operation.path.replace(['{', '}'], "");
            let reply = world.call_as("sk_live_wrong", &operation.method, &target, Some(json!({}))).await;
            let refused = reply.status == 401;
            assert_eq!(refused, !operation.is_public(), "{} {}: {}", operation.method, operation.path, reply.status);
        }
    }

    async fn every_route_reads_the_sub_account_header(world) {
        for operation in operations() {
            let narrows = !operation.is_public() && !operation.path.starts_with("/v1/sub-accounts");
            let target = operation.path.replace(['{', '}'], "");
            let request = Request::builder()
                .method(operation.method.as_str())
                .uri(&target)
                .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
                .header("x-sub-account-id", "sub_of_another");
            let reply = world.send(request.body(Body::from("{}")).unwrap()).await;
            let unknown = reply.body["detail"] == "Sub-account not found";
            if operation.path.contains("{sub_account_id}") {
                continue;
            }
            assert_eq!(unknown, narrows, "{} {}: {:#}", operation.method, operation.path, reply.body);
        }
    }
}
