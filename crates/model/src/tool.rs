//! Custom HTTP tools of hosted agents (contract §1.3).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::agent::words;

words! {
    /// HTTP method of a tool.
    ToolMethod {
        /// Arguments travel in the query.
        Get = "GET",
        /// Arguments are the JSON body.
        #[default] Post = "POST",
    }
}

/// Names a custom tool may not take, because built-in tools have them.
pub const RESERVED_NAMES: [&str; 8] = [
    "end_call",
    "transfer_call",
    "press_digit",
    "send_sms",
    "send_message",
    "read_messages",
    "get_messages",
    "leave_voicemail",
];
/// Default of `timeoutMs`.
pub const DEFAULT_TIMEOUT_MS: u32 = 120_000;

/// An HTTP endpoint the hosted model may call during a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomTool {
    /// `^[A-Za-z0-9_-]{1,64}$`, unique in the agent, not reserved.
    pub name: String,
    /// What it does, for the model; 1 to 1024 characters.
    pub description: String,
    /// An https address of at most 2048 characters.
    pub url: String,
    /// GET or POST.
    pub method: ToolMethod,
    /// Sent verbatim.
    pub headers: Option<std::collections::BTreeMap<String, String>>,
    /// JSON Schema of the arguments, `type: object`.
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<serde_json::Value>,
    /// 1000 to 120 000.
    pub timeout_ms: u32,
    /// Whether `execution_message` is spoken while it runs.
    pub speak_during_execution: bool,
    /// What is said while it runs, up to 500 characters.
    pub execution_message: Option<String>,
}
