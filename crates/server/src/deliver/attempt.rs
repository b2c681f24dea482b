//! One signed request to a webhook (contract `webhooks.md` §2, §5).

use bytes::Bytes;
use offhook_model::{Timestamp, webhook::Webhook};
use offhook_voice::providers::{
    fetch::{FetchClient, FetchError},
    webhook::WebhookPost,
};

use super::outcome::{Outcome, RESPONSE_CHARS, Tried, kept_body};

/// Bytes of a reply that are read: enough for the characters kept.
const RESPONSE_BYTES: usize = 4 * RESPONSE_CHARS;

/// An event on its way out.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// `X-Webhook-ID`: the same on every attempt.
    pub delivery_id: &'a str,
    /// `X-Webhook-Event`.
    pub event: &'a str,
    /// The exact bytes to send.
    pub body: &'a str,
}

/// Sends the event once, signed for `now`, with the webhook's own timeout.
///
/// Any 2xx head within the timeout is a success, whatever becomes of its body.
pub async fn attempt(client: &FetchClient, webhook: &Webhook, out: Outgoing<'_>, now: Timestamp) -> Tried {
    let post = WebhookPost {
        webhook,
        event: out.event,
        delivery_id: out.delivery_id,
        timestamp: now.as_second(),
        body: Bytes::copy_from_slice(out.body.as_bytes()),
        accept: None,
        max_body_bytes: RESPONSE_BYTES,
    };
    let mut response = match client.send(post.request()).await {
        Ok(response) => response,
        Err(error) => return of_error(&error),
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
    }
    let outcome = Outcome::of_status(status);
    Tried {
        http_status: Some(status),
        error: (outcome != Outcome::Success).then(|| format!("HTTP {status}")),
        response_body: Some(kept_body(&body)),
        outcome,
    }
}

fn of_error(error: &FetchError) -> Tried {
    let outcome = match error {
        FetchError::Connection { .. } | FetchError::Timeout { .. } | FetchError::Build { .. } => {
            Outcome::Retry
        }
        FetchError::BadUrl { .. }
        | FetchError::NotHttps
        | FetchError::BadHeader { .. }
        | FetchError::Forbidden { .. } => Outcome::Permanent,
    };
    Tried { http_status: None, error: Some(error.to_string()), response_body: None, outcome }
}
