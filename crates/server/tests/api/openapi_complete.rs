//! What the document says of every operation, and that its examples are true to it.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::document::{Operation, operations};

/// `METHOD path operationId` of every route: the contract's and ours.
const LIST: &str = include_str!("operations.txt");

fn document() -> Value {
    serde_json::to_value(offhook_server::openapi::document()).unwrap()
}

/// Collects what is missing, so that one run names it all.
struct Gaps(Vec<String>);

impl Gaps {
    fn unless(&mut self, holds: bool, operation: &Operation, what: &str) {
        if !holds {
            self.0.push(format!("{} {} ({}): {what}", operation.method, operation.path, operation.id));
        }
    }

    #[track_caller]
    fn none(self) {
        assert!(self.0.is_empty(), "{} gaps:\n{}", self.0.len(), self.0.join("\n"));
    }
}

fn says(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// Faults of `example` under `schema`.
fn faults(document: &Value, schema: &Value, example: &Value) -> Vec<String> {
    let mut root = json!({"components": document["components"]});
    root["allOf"] = json!([schema]);
    let validator = jsonschema::validator_for(&root).unwrap();
    validator.iter_errors(example).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

/// Whether a schema shows what a page of it looks like: its rows have examples.
fn rows_have_examples(operation: &Operation, schema: &Value) -> bool {
    let schema = operation.resolve(schema);
    let has = |schema: &Value| operation.resolve(schema).get("example").is_some();
    if let Some(items) = schema.get("items") {
        return has(items);
    }
    let either = schema.get("oneOf").or(schema.get("anyOf")).and_then(Value::as_array);
    if either.is_some_and(|all| all.iter().any(has)) {
        return true;
    }
    let rows = ["data", "items"].iter().find_map(|name| schema["properties"].get(name)?.get("items"));
    rows.is_some_and(has)
}

#[test]
fn every_operation_is_in_the_committed_list_under_its_name() {
    let mut listed: Vec<&str> = LIST.lines().collect();
    let mut served: Vec<String> =
        operations().iter().map(|o| format!("{} {} {}", o.method, o.path, o.id)).collect();
    listed.sort_unstable();
    served.sort_unstable();
    let listed: Vec<String> = listed.into_iter().map(str::to_owned).collect();
    let missing: Vec<_> = listed.iter().filter(|line| !served.contains(line)).collect();
    let unlisted: Vec<_> = served.iter().filter(|line| !listed.contains(line)).collect();
    assert!(missing.is_empty() && unlisted.is_empty(), "not served: {missing:#?}\nnot listed: {unlisted:#?}");
}

#[test]
fn every_operation_says_what_it_does_takes_and_answers() {
    let document = document();
    let tags: HashSet<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut gaps = Gaps(Vec::new());
    for operation in operations() {
        let spec = &operation.spec;
        gaps.unless(says(&spec["summary"]), &operation, "no summary");
        let own: Vec<&str> =
            spec["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        gaps.unless(own.len() == 1 && tags.contains(own[0]), &operation, "not under one declared tag");
        let parameters = spec["parameters"].as_array().cloned().unwrap_or_default();
        let parameters: Vec<&Value> =
            parameters.iter().map(|parameter| operation.resolve(parameter)).collect();
        for parameter in &parameters {
            let name = &parameter["name"];
            gaps.unless(
                says(&parameter["description"]),
                &operation,
                &format!("parameter {name} says nothing"),
            );
        }
        let has = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
        for name in operation.path_parameters() {
            gaps.unless(has(&name), &operation, &format!("{name} is not described"));
        }
        let keyed = operation.method == "POST" && !operation.is_public();
        gaps.unless(has("Idempotency-Key") == keyed, &operation, "Idempotency-Key");
        let narrows = !operation.is_public() && !operation.path.starts_with("/v1/sub-accounts");
        gaps.unless(has("X-Sub-Account-Id") == narrows, &operation, "X-Sub-Account-Id");
        let mut wanted = vec!["422", "429", "500", "503"];
        wanted.extend((!operation.is_public()).then_some("401"));
        wanted.extend(operation.path.contains('{').then_some("404"));
        wanted.extend(keyed.then_some("409"));
        for status in wanted {
            gaps.unless(spec["responses"].get(status).is_some(), &operation, &format!("no {status}"));
        }
    }
    gaps.none();
}

#[test]
fn every_request_body_has_an_example_that_fits() {
    let document = document();
    let mut gaps = Gaps(Vec::new());
    for operation in operations() {
        let Some(body) = operation.spec.get("requestBody") else { continue };
        let content = &operation.resolve(body)["content"]["application/json"];
        match operation.example(content) {
            None => gaps.unless(false, &operation, "the request body has no example"),
            Some(example) => {
                for fault in faults(&document, &content["schema"], &example) {
                    gaps.unless(false, &operation, &format!("the request's example: {fault}"));
                }
            }
        }
    }
    gaps.none();
}

#[test]
fn every_answer_has_an_example_that_fits() {
    let document = document();
    let mut gaps = Gaps(Vec::new());
    for operation in operations() {
        for (status, response) in operation.spec["responses"].as_object().unwrap() {
            let response = operation.resolve(response);
            gaps.unless(says(&response["description"]), &operation, &format!("{status} says nothing"));
            let limited = response["headers"].get("X-RateLimit-Remaining").is_some();
            gaps.unless(limited == (status != "401"), &operation, &format!("{status}: rate limit headers"));
            let Some(content) = response["content"].get("application/json") else {
                gaps.unless(status.starts_with('2'), &operation, &format!("{status} is not JSON"));
                continue;
            };
            match operation.example(content) {
                Some(example) => {
                    for fault in faults(&document, &content["schema"], &example) {
                        gaps.unless(false, &operation, &format!("the example of {status}: {fault}"));
                    }
                }
                None => {
                    let rows = rows_have_examples(&operation, &content["schema"]);
                    gaps.unless(rows, &operation, &format!("{status} has no example"));
                }
            }
        }
    }
    gaps.none();
}
