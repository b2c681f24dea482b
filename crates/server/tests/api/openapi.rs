//! The document: committed, in step with the routes, complete.

use std::path::PathBuf;

use serde_json::Value;

fn committed() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

/// `OFFHOOK_BLESS=1 cargo nextest run -p offhook-server openapi` writes the file anew.
#[test]
fn the_committed_document_is_the_generated_one() {
    let mut generated = serde_json::to_string_pretty(&offhook_server::openapi::document()).unwrap();
    generated.push('\n');
    if std::env::var_os("OFFHOOK_BLESS").is_some() {
        std::fs::write(committed(), &generated).unwrap();
    }
    let stored = std::fs::read_to_string(committed()).unwrap_or_default();
    assert!(stored == generated, "docs/openapi.json is out of date: run this test with OFFHOOK_BLESS=1");
}

#[test]
fn every_operation_has_an_id_a_summary_and_resolvable_schemas() {
    let document = serde_json::to_value(offhook_server::openapi::document()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = std::collections::HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is used twice");
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(operation["responses"]["422"].is_object(), "{method} {path}");
        }
    }
    check_references(&document, &document);
}

#[test]
fn enumerations_are_the_words_of_the_wire() {
    let document = serde_json::to_value(offhook_server::openapi::document()).unwrap();
    let schemas = &document["components"]["schemas"];
    for (name, words) in [
        ("NumberStatus", vec!["active", "released"]),
        ("VoiceMode", vec!["webhook", "hosted"]),
        ("DenoisingMode", vec!["noise-cancellation", "noise-and-background-speech-cancellation"]),
        ("Role", vec!["agent", "user"]),
        ("CallStatus", vec!["in-progress", "completed", "failed"]),
    ] {
        let mut listed: Vec<_> =
            schemas[name]["enum"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let mut words = words;
        listed.sort_unstable();
        words.sort_unstable();
        assert_eq!(listed, words, "{name}");
    }
    for (name, schema) in schemas.as_object().unwrap() {
        for word in schema["enum"].as_array().into_iter().flatten() {
            let is_wire = !word.as_str().unwrap().starts_with(char::is_uppercase) || name == "ToolMethod";
            assert!(is_wire, "{name} lists {word}, a name of the source code");
        }
    }
}

fn check_references(document: &Value, value: &Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            object.values().for_each(|value| check_references(document, value));
        }
        Value::Array(array) => array.iter().for_each(|value| check_references(document, value)),
        _ => {}
    }
}
