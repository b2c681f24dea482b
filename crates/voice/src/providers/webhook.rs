//! The signed request to a webhook (contract `webhooks.md` §2), for voice
//! turns and for deliveries alike.

use std::time::Duration;

use bytes::Bytes;
use offhook_model::webhook::Webhook;
use reqwest::Method;

use super::fetch::FetchRequest;
use crate::sign::sign;

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

impl WebhookPost<'_> {
    /// The request to send.
    #[must_use]
    pub fn request(self) -> FetchRequest {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let signature = sign(&self.webhook.secret, self.timestamp, &self.body);
        let mut headers = vec![
            header("Content-Type", "application/json"),
            header("User-Agent", USER_AGENT),
            header("X-Webhook-Signature", &signature),
            header("X-Webhook-Timestamp", &self.timestamp.to_string()),
            header("X-Webhook-ID", self.delivery_id),
            header("X-Webhook-Event", self.event),
        ];
        headers.extend(self.accept.map(|accept| header("Accept", accept)));
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
