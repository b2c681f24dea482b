//! The signed request to a webhook (contract `webhooks.md` §2), for voice
//! turns, deliveries and test events alike. It carries the signature of the
//! contract and that of Standard Webhooks; receivers check either.

use std::time::Duration;

use bytes::Bytes;
use offhook_model::webhook::Webhook;
use reqwest::Method;

use super::fetch::FetchRequest;
use crate::sign::{sign, sign_standard};

/// `User-Agent` of every webhook request.
pub const USER_AGENT: &str = "Offhook-Webhooks/1";

/// One request: sign it anew for each attempt.
#[derive(Debug, Clone)]
pub struct WebhookPost<'a> {
    /// Where to, with which secret and patience.
    pub webhook: &'a Webhook,
    /// `X-Webhook-Event`.
    pub event: &'a str,
    /// `X-Webhook-ID`: the same on every attempt.
    pub delivery_id: &'a str,
    /// Unix seconds of this attempt.
    pub timestamp: i64,
    /// The exact body.
    pub body: Bytes,
    /// `Accept`, on voice turns.
    pub accept: Option<&'a str>,
    /// Bytes of response body that are read.
    pub max_body_bytes: usize,
}

/// The headers of a request that is signed for `timestamp`, Unix seconds, both
/// ways.
#[must_use]
pub fn headers(
    secret: &str,
    event: &str,
    delivery_id: &str,
    timestamp: i64,
    body: &[u8],
) -> Vec<(String, String)> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let seconds = timestamp.to_string();
    vec![
        header("Content-Type", "application/json"),
        header("User-Agent", USER_AGENT),
        header("X-Webhook-Signature", &sign(secret, timestamp, body)),
        header("X-Webhook-Timestamp", &seconds),
        header("X-Webhook-ID", delivery_id),
        header("X-Webhook-Event", event),
        header("webhook-id", delivery_id),
        header("webhook-timestamp", &seconds),
        header("webhook-signature", &sign_standard(secret, delivery_id, timestamp, body)),
    ]
}

impl WebhookPost<'_> {
    /// The request to send.
    #[must_use]
    pub fn request(self) -> FetchRequest {
        let secret = &self.webhook.secret;
        let mut headers = headers(secret, self.event, self.delivery_id, self.timestamp, &self.body);
        headers.extend(self.accept.map(|accept| ("Accept".to_owned(), accept.to_owned())));
        FetchRequest {
            method: Method::POST,
            url: self.webhook.url.clone(),
            headers,
            body: Some(self.body),
            timeout: Duration::from_secs(u64::from(self.webhook.timeout_s)),
            max_body_bytes: self.max_body_bytes,
        }
    }
}
