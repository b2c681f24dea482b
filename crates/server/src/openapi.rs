//! The OpenAPI 3.1 document, made of the handlers.
//!
//! What every route shares is added here once: the bearer key, the
//! sub-account header, the refusals any route may give.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{
    OpenApi, ToSchema,
    openapi::{
        Content, ContentBuilder, Ref, RefOr, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
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
    if let Some(components) = &mut document.components {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten().for_each(share);
    }
    document
}

fn share(operation: &mut Operation) {
    let public = operation.security.as_ref().is_some_and(|needs| needs.iter().all(asks_nothing));
    if !public {
        refusal(operation, "401", "The key is missing, malformed or unknown");
        let header = ParameterBuilder::new()
            .name("X-Sub-Account-Id")
            .parameter_in(ParameterIn::Header)
            .description(Some("Acts for this sub-account"))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .build();
        operation.parameters.get_or_insert_default().push(RefOr::T(header));
        refusal(operation, "404", "Sub-account not found");
    }
    if operation.request_body.is_some() {
        refusal(operation, "408", "The body took too long");
        refusal(operation, "413", "The body is too large");
    }
    refusal(operation, "422", "The request does not fit its schema");
    refusal(operation, "500", "A fault of the server");
    refusal(operation, "503", "Something the server depends on is down; see `Retry-After`");
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
        {
            response.content.entry("application/json".to_owned()).or_insert_with(error_content);
        }
    }
}

fn error_content() -> RefOr<Content> {
    RefOr::T(ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("Error")))).build())
}

fn refusal(operation: &mut Operation, status: &str, description: &str) {
    let response = ResponseBuilder::new().description(description).build();
    operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
}

/// A requirement without a scheme, as `security(())` writes it.
fn asks_nothing(requirement: &SecurityRequirement) -> bool {
    serde_json::to_value(requirement).is_ok_and(|value| value == json!({}))
}
