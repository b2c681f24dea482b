//! `POST /v1/webhooks`.

use axum::{Json, extract::State};
use offhook_model::webhook::{DEFAULT_CONTEXT_LIMIT, DEFAULT_TIMEOUT_S};
use utoipa::ToSchema;

use super::WebhookView;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{
        Fields, Input, Read,
        rules::{integer, text},
    },
    webhooks::{self, Endpoint},
};

/// Where events shall go.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[schema(example = json!({"url": "https://example.com/hook", "contextLimit": 10, "timeout": 30}))]
pub struct SetWebhook {
    /// An https address of the public network.
    #[schema(max_length = 2048)]
    url: String,
    /// Entries of history sent along; 0 for none; default 10.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 50)]
    context_limit: u8,
    /// Seconds a request may take; default 30.
    #[schema(value_type = Option<i64>, minimum = 5, maximum = 120)]
    timeout: u8,
}

impl Read for SetWebhook {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let url = fields.required("url", text().trimmed().chars(1..=2048));
        let limit = fields.optional("contextLimit", integer(0..=50)).and_then(|n| n.try_into().ok());
        let timeout = fields.optional("timeout", integer(5..=120)).and_then(|n| n.try_into().ok());
        Some(Self {
            url: url?,
            context_limit: limit.unwrap_or(DEFAULT_CONTEXT_LIMIT),
            timeout: timeout.unwrap_or(DEFAULT_TIMEOUT_S),
        })
    }
}

impl From<SetWebhook> for Endpoint {
    fn from(body: SetWebhook) -> Self {
        Self { url: body.url, context_limit: body.context_limit, timeout_s: body.timeout }
    }
}

/// Sets or replaces the account's webhook; its secret is new each time.
#[utoipa::path(
    post, path = "/v1/webhooks", tag = "webhooks", operation_id = "createOrUpdateWebhook",
    request_body = SetWebhook,
    responses(
        (status = 200, body = WebhookView, description = "The webhook"),
        (status = 400, description = "Not a public address"),
    )
)]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SetWebhook>,
) -> Result<Json<WebhookView>, ApiError> {
    Ok(Json(webhooks::set(&app, &caller.account, None, body.into()).await?.into()))
}
