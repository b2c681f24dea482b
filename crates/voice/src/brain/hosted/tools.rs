//! The tools a hosted model may call.

use std::{collections::HashMap, sync::Arc};

use jsonschema::Validator;
use offhook_model::{plan::CallPlan, tool::CustomTool};
use serde_json::{Map, Value, json};

use super::texts::{TextWish, Texts};
use crate::providers::http_tool::ToolContext;

/// Longest arguments a call may have.
const MAX_ARGUMENT_BYTES: usize = 64 * 1024;
/// Keys of one `press_digit`.
const MAX_DIGITS: usize = 64;

/// What is offered, and what a call of it means.
pub(super) struct Tools {
    /// In the OpenAI shape.
    pub definitions: Vec<Value>,
    pub context: ToolContext,
    can_transfer: bool,
    can_text: bool,
    custom: HashMap<String, (Arc<CustomTool>, Option<Validator>)>,
}

/// What the model wants done.
#[derive(Debug)]
pub(super) enum Wish {
    EndCall,
    Transfer,
    Press(String),
    Custom(Arc<CustomTool>, Map<String, Value>),
    Text(TextWish),
    /// It cannot be done; the text is for the model.
    Refused(String),
}

impl Tools {
    pub(super) fn new(plan: &CallPlan, custom: &[CustomTool], can_text: bool) -> Self {
        let can_transfer = plan.transfer_number.is_some();
        let mut definitions = vec![
            function(
                "end_call",
                "End the phone call. Say goodbye in the same reply, before calling this.",
                &nothing(),
            ),
            function(
                "press_digit",
                "Press keys on the phone keypad, to navigate an automated menu. They are sent after you have finished speaking.",
                &json!({"type": "object", "required": ["digits"], "properties": {
                    "digits": {"type": "string", "description": "Keys 0-9, * and #; w or , waits half a second."}
                }}),
            ),
        ];
        if can_transfer {
            definitions.push(function(
                "transfer_call",
                "Transfer the caller to a person and leave the call, e.g. when they ask for a human. Tell them first.",
                &nothing(),
            ));
        }
        if can_text {
            definitions.extend(Texts::definitions());
        }
        let mut by_name = HashMap::new();
        for tool in custom {
            let schema = tool.parameters.clone().unwrap_or_else(nothing);
            definitions.push(function(&tool.name, &tool.description, &schema));
            // A schema that is none leaves the judgement to the tool.
            let validator = jsonschema::validator_for(&schema).ok();
            by_name.insert(tool.name.clone(), (Arc::new(tool.clone()), validator));
        }
        let context = ToolContext { call_id: plan.call_id.clone(), agent_id: plan.agent_id.clone() };
        Self { definitions, context, can_transfer, can_text, custom: by_name }
    }

    /// Reads a call of the model. Nothing it writes is trusted.
    pub(super) fn read(&self, name: &str, arguments: &str) -> Wish {
        if arguments.len() > MAX_ARGUMENT_BYTES {
            return Wish::Refused("error: the arguments are too long".to_owned());
        }
        let text = if arguments.trim().is_empty() { "{}" } else { arguments };
        let arguments = match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(arguments)) => arguments,
            _ => return Wish::Refused("error: the arguments are not a JSON object".to_owned()),
        };
        if self.can_text
            && let Some(wish) = Texts::wish(name, &arguments)
        {
            return wish.map_or_else(Wish::Refused, Wish::Text);
        }
        match name {
            "end_call" => Wish::EndCall,
            "transfer_call" if self.can_transfer => Wish::Transfer,
            "press_digit" => press(&arguments),
            _ => self.read_custom(name, arguments),
        }
    }

    fn read_custom(&self, name: &str, arguments: Map<String, Value>) -> Wish {
        let Some((tool, validator)) = self.custom.get(name) else {
            return Wish::Refused("error: there is no such tool".to_owned());
        };
        let arguments = Value::Object(arguments);
        let faults: Vec<String> = validator
            .iter()
            .flat_map(|validator| validator.iter_errors(&arguments))
            .take(3)
            .map(|error| error.to_string().chars().take(300).collect())
            .collect();
        match arguments {
            Value::Object(arguments) if faults.is_empty() => Wish::Custom(Arc::clone(tool), arguments),
            _ => Wish::Refused(format!("error: invalid arguments: {}", faults.join("; "))),
        }
    }
}

fn press(arguments: &Map<String, Value>) -> Wish {
    let text = match arguments.get("digits").or_else(|| arguments.get("digit")) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let known = |c: char| c.is_ascii_digit() || "*#wW,".contains(c);
    if text.is_empty() || text.len() > MAX_DIGITS || !text.chars().all(known) {
        return Wish::Refused("error: digits must be 1 to 64 of 0-9 * # w ,".to_owned());
    }
    Wish::Press(text)
}

fn nothing() -> Value {
    json!({"type": "object", "properties": {}})
}

pub(super) fn function(name: &str, description: &str, parameters: &Value) -> Value {
    json!({"type": "function", "function": {"name": name, "description": description, "parameters": parameters}})
}
