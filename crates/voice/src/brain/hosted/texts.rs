//! The tools `send_message` and `read_messages` of a hosted model.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use serde_json::{Map, Value, json};

use super::tools::function;
use crate::texting::{MAX_CHARS, MAX_READ, MAX_SENT, TextLine, Texting, transcript};

/// Entries read when the model does not say how many.
const READ_DEFAULT: u32 = 10;

/// What the model wants done with texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextWish {
    Send(String),
    Read(u32),
}

/// The texts of one call, and how many were sent.
#[derive(Clone)]
pub(super) struct Texts {
    texting: Arc<dyn Texting>,
    line: TextLine,
    sent: Arc<AtomicU32>,
}

impl Texts {
    pub(super) fn new(texting: Arc<dyn Texting>, line: TextLine) -> Self {
        Self { texting, line, sent: Arc::default() }
    }

    /// What is offered, in the OpenAI shape.
    pub(super) fn definitions() -> [Value; 2] {
        [
            function(
                "send_message",
                "Send a text message to the other person on this call, e.g. a link, an address or a confirmation \
                 number. It goes to the phone number they are calling from or were called at. Say what you send.",
                &json!({"type": "object", "required": ["text"], "properties": {
                    "text": {"type": "string", "description": "The words of the message.", "maxLength": MAX_CHARS}
                }}),
            ),
            function(
                "read_messages",
                "Read the latest text messages between this phone number and the other person on this call.",
                &json!({"type": "object", "properties": {
                    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_READ, "default": READ_DEFAULT}
                }}),
            ),
        ]
    }

    /// Reads a call of one of the two; none for any other name.
    pub(super) fn wish(name: &str, arguments: &Map<String, Value>) -> Option<Result<TextWish, String>> {
        match name {
            "send_message" => Some(send(arguments)),
            "read_messages" => {
                Some(Ok(TextWish::Read(match arguments.get("limit").and_then(Value::as_u64) {
                    Some(limit) => u32::try_from(limit).unwrap_or(MAX_READ).clamp(1, MAX_READ),
                    None => READ_DEFAULT,
                })))
            }
            _ => None,
        }
    }

    /// Does it; the answer is for the model.
    pub(super) async fn run(self, wish: TextWish) -> String {
        match wish {
            TextWish::Send(_) if self.sent.fetch_add(1, Ordering::Relaxed) >= MAX_SENT => {
                format!("error: not sent: {MAX_SENT} texts is the most in one call")
            }
            TextWish::Send(text) => match self.texting.send(self.line, text).await {
                Ok(channel) => format!("sent by {channel}"),
                Err(error) => format!("error: not sent: {error}"),
            },
            TextWish::Read(limit) => match self.texting.read(self.line, limit).await {
                Ok(entries) => transcript(&entries),
                Err(error) => format!("error: {error}"),
            },
        }
    }
}

fn send(arguments: &Map<String, Value>) -> Result<TextWish, String> {
    let text = arguments.get("text").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if text.is_empty() || text.contains('\0') || text.chars().count() > MAX_CHARS {
        return Err(format!("error: text must have 1 to {MAX_CHARS} characters"));
    }
    Ok(TextWish::Send(text.to_owned()))
}
