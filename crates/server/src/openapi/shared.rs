//! What operations share: headers both ways, and the refusals any may give.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use utoipa::openapi::{
    Components, Content, ContentBuilder, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, Type},
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::is_public;
use crate::{error::ErrorCode, requests::routes::ignores_sub_account};

/// Response headers: component, name on the wire, type, what it says, example.
const HEADERS: [(&str, &str, Type, &str, &str); 5] = [
    (
        "RequestId",
        "X-Request-Id",
        Type::String,
        "The request's id; a sane one of the client is kept",
        "8a1f5ad0",
    ),
    ("RateLimitLimit", "X-RateLimit-Limit", Type::Integer, "Requests the binding window allows", "600"),
    ("RateLimitRemaining", "X-RateLimit-Remaining", Type::Integer, "Requests that may follow at once", "599"),
    (
        "RateLimitReset",
        "X-RateLimit-Reset",
        Type::Integer,
        "Unix seconds when the next place is free",
        "1736937060",
    ),
    ("RetryAfter", "Retry-After", Type::Integer, "Seconds after which a retry makes sense", "5"),
];

/// Refusals that any operation may give: component, status, what it means, its `detail`.
const REFUSALS: [(&str, &str, &str, &str); 7] = [
    ("Unauthorized", "401", "The key is missing, malformed or unknown", "Invalid API key"),
    ("SlowBody", "408", "The body took too long", "The request body took too long"),
    ("LargeBody", "413", "The body is too large", "The request body is larger than 1048576 bytes"),
    ("Invalid", "422", "The request does not fit its schema", ""),
    ("RateLimited", "429", "Too many requests", "Rate limit exceeded. Limit: 600 requests per 60s"),
    ("Internal", "500", "A fault of the server", "Internal server error"),
    (
        "Unavailable",
        "503",
        "Something the server depends on is down",
        "The database is not available. Try again soon.",
    ),
];

/// Defines what [`complete`] refers to.
pub(super) fn components(components: &mut Components) {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    for (name, _, kind, description, example) in HEADERS {
        let example = serde_json::from_str(example).unwrap_or_else(|_| json!(example));
        let header = HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(kind)))
            .description(Some(description))
            .example(Some(example))
            .build();
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    for (name, status, description, detail) in REFUSALS {
        let mut response = ResponseBuilder::new().description(description).build();
        response.content.insert(JSON.to_owned(), RefOr::T(error(status, detail)));
        tell(&mut response, status);
        components.responses.insert(name.to_owned(), RefOr::T(response));
    }
    for (name, parameter) in [("SubAccountId", sub_account_id()), ("IdempotencyKey", idempotency_key())] {
        components.parameters.insert(name.to_owned(), RefOr::T(parameter));
    }
}

const JSON: &str = "application/json";

fn sub_account_id() -> Parameter {
    ParameterBuilder::new()
        .name("X-Sub-Account-Id")
        .parameter_in(ParameterIn::Header)
        .description(Some("Acts for this sub-account; unknown ones are not found"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "The request is done once: sent again under the same key within 24 hours, it is answered as it \
             was, with `Idempotency-Replayed: true`. 409 while the first one runs or when its outcome is \
             unknown, 422 when the key was used with another request",
        ))
        .schema(Some(
            ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255)),
        ))
        .build()
}

/// Adds to an operation what it shares with others.
pub(super) fn complete(template: &str, method: &Method, operation: &mut Operation) {
    if !is_public(operation) {
        refer(operation, "401", "Unauthorized");
        if !ignores_sub_account(template) {
            parameter(operation, "SubAccountId");
            refusal(operation, "404", "Sub-account not found");
        }
        if method == Method::POST {
            parameter(operation, "IdempotencyKey");
            refusal(
                operation,
                "409",
                "A request with this `Idempotency-Key` is in progress, or its outcome is unknown",
            );
        }
    }
    if operation.request_body.is_some() {
        refer(operation, "408", "SlowBody");
        refer(operation, "413", "LargeBody");
    }
    for (name, status, ..) in REFUSALS {
        if ["422", "429", "500", "503"].contains(&status) {
            refer(operation, status, name);
        }
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            if status.starts_with(['4', '5']) {
                let detail = response.description.clone();
                response.content.entry(JSON.to_owned()).or_insert_with(|| RefOr::T(error(status, &detail)));
            }
            tell(response, status);
        }
    }
}

/// The headers of a response.
fn tell(response: &mut Response, status: &str) {
    for (name, wire, ..) in HEADERS {
        // Without a valid key there is no count; only some refusals know when to come back.
        let told = match name {
            "RequestId" => true,
            "RetryAfter" => ["429", "503"].contains(&status),
            _ => status != "401",
        };
        if told {
            let header = RefOr::Ref(Ref::new(format!("#/components/headers/{name}")));
            response.headers.entry(wire.to_owned()).or_insert(header);
        }
    }
}

fn parameter(operation: &mut Operation, name: &str) {
    let reference = RefOr::Ref(Ref::new(format!("#/components/parameters/{name}")));
    operation.parameters.get_or_insert_default().push(reference);
}

/// A shared refusal, unless the operation describes its own.
fn refer(operation: &mut Operation, status: &str, name: &str) {
    let reference = RefOr::Ref(Ref::new(format!("#/components/responses/{name}")));
    operation.responses.responses.entry(status.to_owned()).or_insert(reference);
}

fn refusal(operation: &mut Operation, status: &str, description: &str) {
    let response = ResponseBuilder::new().description(description).build();
    operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
}

/// Content of a refusal, with an example.
fn error(status: &str, detail: &str) -> Content {
    ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name("Error"))))
        .example(Some(example(status, detail)))
        .build()
}

/// What a refusal of this status looks like.
fn example(status: &str, detail: &str) -> Value {
    let code = code_of(status);
    if code == ErrorCode::Validation {
        return json!({
            "detail": [{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}],
            "error": {
                "message": "Request validation failed", "code": code.as_str(), "type": code.kind(),
                "details": [{"field": "name", "message": "Field required", "type": "missing"}]
            }
        });
    }
    json!({
        "detail": detail,
        "error": {"message": detail, "code": code.as_str(), "type": code.kind(), "details": []}
    })
}

/// The usual code of a status.
fn code_of(status: &str) -> ErrorCode {
    let status = status.parse().ok().and_then(|status: u16| StatusCode::from_u16(status).ok());
    [
        ErrorCode::BadRequest,
        ErrorCode::Unauthorized,
        ErrorCode::InsufficientBalance,
        ErrorCode::Forbidden,
        ErrorCode::NotFound,
        ErrorCode::RequestTimeout,
        ErrorCode::Conflict,
        ErrorCode::PayloadTooLarge,
        ErrorCode::RangeNotSatisfiable,
        ErrorCode::Validation,
        ErrorCode::RateLimitExceeded,
        ErrorCode::CarrierError,
        ErrorCode::ServiceUnavailable,
        ErrorCode::Timeout,
    ]
    .into_iter()
    .find(|code| Some(code.status()) == status)
    .unwrap_or(ErrorCode::Internal)
}
