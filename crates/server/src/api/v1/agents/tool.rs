//! Custom tools of an agent (contract §1.3).

use http::{HeaderName, HeaderValue};
use offhook_model::tool::{CustomTool, DEFAULT_TIMEOUT_MS, RESERVED_NAMES, ToolMethod};
use offhook_voice::providers::fetch::FetchPolicy;
use serde_json::Value;

use crate::{
    error::{ApiError, Fault},
    input::{
        Fields, Read, Rule, Spot,
        rules::{any_object, flag, integer, list, object, string_map, text, word},
    },
};

/// Most tools an agent may have.
const MAX_TOOLS: usize = 20;

/// An agent's tools: at most twenty, no two of one name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tools;

impl Rule for Tools {
    type Value = Vec<CustomTool>;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Vec<CustomTool>> {
        let tools: Vec<Tool> = list(object::<Tool>(), 0..=MAX_TOOLS).check(value, spot)?;
        let tools: Vec<CustomTool> = tools.into_iter().map(|tool| tool.0).collect();
        let mut unique = true;
        for (at, tool) in tools.iter().enumerate() {
            if tools[..at].iter().any(|earlier| earlier.name == tool.name) {
                let msg = format!("Value error, tool name '{}' is used twice", tool.name);
                spot.inside(at).inside("name").fault("value_error", msg);
                unique = false;
            }
        }
        unique.then_some(tools)
    }
}

struct Tool(CustomTool);

impl Read for Tool {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", text().matching("^[A-Za-z0-9_-]{1,64}$", is_tool_name));
        if let Some(name) = &name
            && RESERVED_NAMES.contains(&name.as_str())
        {
            fields.fault("name", "value_error", format!("Value error, '{name}' is a reserved tool name"));
        }
        let description = fields.required("description", text().chars(1..=1024));
        let url = fields.required("url", text().chars(1..=2048));
        let method = fields.optional("method", word(ToolMethod::from_word, ToolMethod::WORDS));
        let headers = fields.optional("headers", string_map());
        for (name, value) in headers.iter().flatten() {
            if HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(value).is_err() {
                fields.fault("headers", "value_error", "Value error, not a valid HTTP header");
            }
        }
        let parameters = fields.optional("parameters", any_object());
        if parameters.as_ref().is_some_and(|schema| schema.get("type") != Some(&Value::from("object"))) {
            fields.fault("parameters", "value_error", "Value error, the schema's type must be 'object'");
        }
        let timeout = fields.optional("timeoutMs", integer(1000..=120_000));
        let speak = fields.optional("speakDuringExecution", flag());
        let message = fields.optional("executionMessage", text().chars(0..=500));
        Some(Self(CustomTool {
            name: name?,
            description: description?,
            url: url?,
            method: method.unwrap_or_default(),
            headers,
            parameters: parameters.map(Value::Object),
            timeout_ms: timeout.and_then(|ms| ms.try_into().ok()).unwrap_or(DEFAULT_TIMEOUT_MS),
            speak_during_execution: speak.unwrap_or(false),
            execution_message: message,
        }))
    }
}

fn is_tool_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Refuses tools whose address is not https or written as a private one. Names
/// are resolved, and checked again, when the tool is called.
///
/// # Errors
/// 422 with one fault per address.
pub(super) fn check_addresses(policy: &FetchPolicy, tools: &[CustomTool]) -> Result<(), ApiError> {
    let faults: Vec<Fault> = tools
        .iter()
        .enumerate()
        .filter_map(|(at, tool)| {
            let error = policy.check(&tool.url).err()?;
            let loc = vec!["body".into(), "customTools".into(), at.into(), "url".into()];
            Some(Fault::new(loc, "value_error", format!("Value error, {error}")))
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(ApiError::validation(faults)) }
}
