//! Who the demo's agent is and what its caller says.

use serde_json::{Value, json};

/// The caller's number, of the fictional range.
pub const CALLER: &str = "+14155550188";

/// A shop whose prompt holds what the caller will ask for.
pub fn agent() -> Value {
    json!({
        "name": "Bicycle shop",
        "voiceMode": "hosted",
        "beginMessage": "Hello, this is the bicycle shop. How can I help you?",
        "systemPrompt": "Our opening hours are nine to five on weekdays. \
            We are located at twelve Main Street, next to the station. \
            A repair takes two days.",
        "voice": "Polly.Joanna",
    })
}

/// What the caller says, each after the agent has finished.
pub const LINES: [&str; 2] = ["What are your opening hours?", "Where are you located?"];

/// Words of the agent's answers that prove it understood, in the same order.
pub const ANSWERS: [&str; 2] = ["nine to five", "twelve main street"];

/// The call, as the simulated carrier takes it. The voice is the one the
/// embedded recogniser understands best.
pub fn call(to: &str) -> Value {
    json!({"fromNumber": CALLER, "toNumber": to, "say": LINES, "voice": "Polly.Matthew"})
}
