//! The OpenAPI 3.1 document, made of the handlers.
//!
//! What every route shares is added once, by [`shared`]: the bearer key, the
//! headers, the refusals any route may give.

mod shared;

use http::Method;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{
    OpenApi, ToSchema,
    openapi::{path::Operation, security::SecurityRequirement},
};

/// The document's head; handlers add their paths and schemas.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Offhook",
        description = "A self-hosted phone system for AI agents. Independent of AgentPhone; the routes \
                       under /v1 behave as its public API documents them.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ErrorBody)),
    tags(
        (name = "agents", description = "Who answers: prompts, voices, tools"),
        (name = "agent-webhooks", description = "Where one agent's events go"),
        (name = "numbers", description = "Phone numbers: search, buy, keep, give back"),
        (name = "contact-cards", description = "What recipients of iMessages see of a number"),
        (name = "calls", description = "Calls, their transcripts and recordings"),
        (name = "messages", description = "Texts and reactions"),
        (name = "conversations", description = "Threads of messages with people and groups"),
        (name = "contacts", description = "The address book, and what contacts can receive"),
        (name = "location", description = "Where contacts are who share it"),
        (name = "webhooks", description = "Where the account's events go, and what became of them"),
        (name = "deliveries", description = "Deliveries with their attempts: listed, watched, sent again; an addition of Offhook"),
        (name = "usage", description = "What was used, by day, month, number and agent"),
        (name = "billing", description = "The prepaid balance, where an operator turned it on; an addition of Offhook"),
        (name = "registration", description = "10DLC registration, which outbound texts need"),
        (name = "sub-accounts", description = "Accounts within the account"),
        (name = "sip-trunks", description = "SIP equipment of the account's own"),
        (name = "verification", description = "One-time codes"),
        (name = "feedback", description = "Notes to the operator"),
        (name = "whatsapp", description = "WhatsApp business accounts and their templates"),
        (name = "sign-up", description = "An account, an agent and a number without a key"),
        (name = "simulation", description = "Drives the simulated phone network; an addition of Offhook"),
        (name = "auth", description = "Whose key it is"),
        (name = "erasure", description = "How long things are kept, and removing them; an addition of Offhook"),
        (name = "audit", description = "Who did what; an addition of Offhook")
    ),
    security(("bearer" = []))
)]
struct Head;

/// Body of every refusal: two envelopes with the same content.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
struct ErrorBody {
    /// A sentence; on 422 a list of faults `{loc, msg, type}`.
    #[schema(value_type = Value)]
    detail: Value,
    /// The same as an object.
    error: ErrorObject,
}

/// The second envelope.
#[derive(Serialize, ToSchema)]
struct ErrorObject {
    /// A sentence.
    message: String,
    /// A word to switch on, e.g. `NOT_FOUND`.
    code: String,
    /// A family of codes, e.g. `not_found_error`.
    #[serde(rename = "type")]
    kind: String,
    /// On 422, one `{field, message, type}` per fault.
    details: Vec<Value>,
}

pub(crate) fn head() -> utoipa::openapi::OpenApi {
    Head::openapi()
}

/// The whole document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    finish(crate::router::documented().into_openapi())
}

/// Adds what all operations share.
pub(crate) fn finish(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    shared::components(document.components.get_or_insert_default());
    for (template, item) in &mut document.paths.paths {
        let operations = [
            (Method::GET, &mut item.get),
            (Method::POST, &mut item.post),
            (Method::PUT, &mut item.put),
            (Method::PATCH, &mut item.patch),
            (Method::DELETE, &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                shared::complete(template, &method, operation);
            }
        }
    }
    document
}

/// Whether an operation asks for no key.
pub(crate) fn is_public(operation: &Operation) -> bool {
    operation.security.as_ref().is_some_and(|needs| needs.iter().all(asks_nothing))
}

/// A requirement without a scheme, as `security(())` writes it.
fn asks_nothing(requirement: &SecurityRequirement) -> bool {
    serde_json::to_value(requirement).is_ok_and(|value| value == json!({}))
}
