//! What holds for every route of the document, tried on each.

use axum::body::Body;
use http::{Request, header};
use serde_json::{Map, Value, json};

use crate::{
    document::{Operation, operations},
    world::World,
};

/// A path whose ids name nothing.
fn nowhere(operation: &Operation) -> String {
    with(operation, "nothing_1")
}

fn with(operation: &Operation, id: &str) -> String {
    let mut path = operation.path.clone();
    for name in operation.path_parameters() {
        path = path.replace(&format!("{{{name}}}"), id);
    }
    path
}

async fn send(world: &World, operation: &Operation, path: &str, body: &Value) -> u16 {
    world.call(&operation.method, path, Some(body.clone())).await.status.as_u16()
}

fn other_casing(name: &str) -> String {
    if name.contains('_') {
        let mut words = name.split('_');
        let first = words.next().unwrap().to_owned();
        return words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]);
    }
    name.chars().fold(String::new(), |mut name, c| {
        if c.is_uppercase() {
            name.push('_');
        }
        name.extend(c.to_lowercase());
        name
    })
}

/// Server-sent events that never end by themselves are not waited for.
fn streams(operation: &Operation) -> bool {
    operation.method == "GET" && !operation.answers_json()
}

#[tokio::test]
async fn methods_a_path_lacks_are_405() {
    let world = World::sqlite().await;
    let all = operations();
    for operation in &all {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if all.iter().any(|other| other.path == operation.path && other.method == method) {
                continue;
            }
            // A literal beats a parameter only for the methods it has.
            let reply = world.call(method, &nowhere(operation), Some(json!({}))).await;
            assert_eq!(reply.status, 405, "{method} {}: {:#}", operation.path, reply.body);
            assert!(reply.headers.contains_key(header::ALLOW));
            assert_eq!(reply.refused(405, "METHOD_NOT_ALLOWED"), "Method Not Allowed");
        }
    }
}

#[tokio::test]
async fn a_slash_at_the_end_makes_no_difference_anywhere() {
    let (plain, slashed) = (World::sqlite().await, World::sqlite().await);
    for operation in operations().iter().filter(|operation| !streams(operation)) {
        if operation.id == "registerA2P" {
            continue;
        }
        let (path, query) = (nowhere(operation), operation.query());
        let body = operation.body_example();
        let expected = send(&plain, operation, &format!("{path}{query}"), &body).await;
        let found = send(&slashed, operation, &format!("{path}/{query}"), &body).await;
        assert_eq!(found, expected, "{} {path}/", operation.method);
    }
}

#[tokio::test]
async fn malformed_json_is_a_422_everywhere() {
    let world = World::sqlite().await;
    for operation in operations().iter().filter(|operation| operation.body_schema().is_some()) {
        for broken in ["{", "[]", "nonsense"] {
            let request = Request::builder()
                .method(operation.method.as_str())
                .uri(nowhere(operation))
                .header(header::AUTHORIZATION, format!("Bearer {}", world.key));
            let reply = world.send(request.body(Body::from(broken)).unwrap()).await;
            let faults = reply.faults();
            assert_eq!(faults[0].0, "body", "{} {}: {faults:?}", operation.method, operation.path);
        }
    }
}

#[tokio::test]
async fn odd_ids_name_nothing_anywhere() {
    let world = World::sqlite().await;
    for operation in operations() {
        if !operation.path.contains('{') || operation.path.contains("{phone_number}") {
            continue;
        }
        for id in ["%00", "%ff", "%F0%9F%98%80", "..%2f..", "%27%20OR%201=1--", "a%20b", &"x".repeat(300)] {
            let path = format!("{}{}", with(&operation, id), operation.query());
            let status = send(&world, &operation, &path, &operation.body_example()).await;
            assert_eq!(status, 404, "{} {path}", operation.method);
        }
    }
}

#[tokio::test]
async fn an_empty_query_value_is_none_everywhere() {
    let world = World::sqlite().await;
    for operation in operations().iter().filter(|operation| operation.method == "GET" && !streams(operation))
    {
        let parameters = operation.spec["parameters"].as_array().cloned().unwrap_or_default();
        let names: Vec<String> = parameters
            .iter()
            .map(|parameter| operation.resolve(parameter))
            .filter(|parameter| parameter["in"] == "query" && parameter["required"] != true)
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect();
        let query = operation.query();
        let path = nowhere(operation);
        let expected = send(&world, operation, &format!("{path}{query}"), &json!({})).await;
        let empty = names.iter().map(|name| format!("{name}=")).collect::<Vec<_>>().join("&");
        let query = if query.is_empty() { format!("?{empty}") } else { format!("{query}&{empty}") };
        let found = send(&world, operation, &format!("{path}{query}&unknown=1"), &json!({})).await;
        assert_eq!(found, expected, "GET {path}{query}");
    }
}

#[tokio::test]
async fn both_casings_are_read_in_every_body() {
    let (plain, other) = (World::sqlite().await, World::sqlite().await);
    for operation in operations().iter().filter(|operation| operation.body_schema().is_some()) {
        // The picture of its example would be fetched.
        if operation.id == "registerA2P" {
            continue;
        }
        let body = operation.body_example();
        let turned: Map<String, Value> = body
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (other_casing(name), value.clone()))
            .collect();
        let path = format!("{}{}", nowhere(operation), operation.query());
        let expected = send(&plain, operation, &path, &body).await;
        assert_ne!(expected, 422, "{}: its example is refused", operation.id);
        let found = send(&other, operation, &path, &Value::Object(turned)).await;
        assert_eq!(found, expected, "{} {path}", operation.method);
    }
}

#[tokio::test]
async fn both_casings_are_read_in_every_query() {
    let world = World::sqlite().await;
    for operation in
        operations().iter().filter(|operation| !streams(operation) && !operation.path.contains('{'))
    {
        for parameter in operation.spec["parameters"].as_array().into_iter().flatten() {
            let parameter = operation.resolve(parameter);
            let name = parameter["name"].as_str().unwrap();
            let whole = parameter["schema"].to_string().contains("integer");
            if parameter["in"] != "query" || !whole || other_casing(name) == name {
                continue;
            }
            for name in [name, &other_casing(name)] {
                let path = format!("{}?{name}=x", operation.path);
                assert_eq!(send(&world, operation, &path, &json!({})).await, 422, "{path}");
            }
        }
    }
}
