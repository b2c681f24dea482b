//! The developer's server thinks: one signed request per turn (`webhooks.md` §6).

mod reply;

use std::{sync::Arc, time::Duration};

use async_stream::stream;
use bytes::Bytes;
use futures::stream::BoxStream;
use offhook_model::{
    plan::CallPlan,
    report::{Role, WebhookExchange},
    webhook::{Envelope, HistoryEntry, VoiceTurnData, Webhook},
};
use serde_json::Value;
use tokio::time::Instant;

use self::reply::{Reply, ReplyReader};
use super::{Brain, BrainEvent, BrainRequest, WallClock};
use crate::providers::{fetch::FetchClient, webhook::WebhookPost};

const EVENT: &str = "agent.message";
const ACCEPT: &str = "application/json, application/x-ndjson";
/// A reply longer than this is no speech.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Characters of the reply that the delivery log keeps (contract §8.4).
const LOGGED_CHARS: usize = 10_000;

/// See the module's description.
pub struct WebhookBrain(Arc<Inner>);

struct Inner {
    fetch: FetchClient,
    webhook: Webhook,
    agent_id: offhook_model::id::AgentId,
    /// Its words change from turn to turn.
    data: VoiceTurnData,
    conversation_state: Option<Value>,
    can_transfer: bool,
    clock: WallClock,
}

/// What is kept of an exchange while it runs.
struct Log {
    exchange: WebhookExchange,
    body: Vec<u8>,
    began: Instant,
}

impl WebhookBrain {
    /// For this call.
    #[must_use]
    pub fn new(
        fetch: FetchClient,
        plan: &CallPlan,
        webhook: Webhook,
        conversation_state: Option<Value>,
        clock: WallClock,
    ) -> Self {
        Self(Arc::new(Inner {
            fetch,
            webhook,
            agent_id: plan.agent_id.clone(),
            data: VoiceTurnData {
                call_id: plan.call_id.to_string(),
                number_id: plan.number_id.as_ref().map(ToString::to_string),
                from: plan.from.clone(),
                to: plan.to.clone(),
                status: "in-progress".to_owned(),
                transcript: String::new(),
                confidence: 0.0,
                direction: plan.direction.as_str().to_owned(),
                contact: plan.contact.clone(),
            },
            conversation_state,
            can_transfer: plan.transfer_number.is_some(),
            clock,
        }))
    }
}

impl Brain for WebhookBrain {
    fn kind(&self) -> &'static str {
        "webhook"
    }

    fn reply(&self, request: BrainRequest) -> BoxStream<'static, BrainEvent> {
        let inner = Arc::clone(&self.0);
        Box::pin(stream! {
            let Ok(body) = serde_json::to_vec(&inner.envelope(&request)) else { return };
            let mut log = Log::new(&body, &inner.clock);
            let post = WebhookPost {
                webhook: &inner.webhook,
                event: EVENT,
                delivery_id: &log.exchange.delivery_id,
                timestamp: log.exchange.at.as_second(),
                body: Bytes::from(body),
                accept: Some(ACCEPT),
                max_body_bytes: MAX_BODY_BYTES,
            }
            .request();
            let sent = tokio::select! {
                biased;
                () = request.cancel.cancelled() => None,
                sent = inner.fetch.send(post) => Some(sent),
            };
            let mut response = match sent {
                Some(Ok(response)) => response,
                Some(Err(error)) => {
                    yield log.done(Some(error.to_string()));
                    return;
                }
                None => {
                    yield log.done(Some(INTERRUPTED.to_owned()));
                    return;
                }
            };
            let status = response.status();
            log.exchange.http_status = Some(status.as_u16());
            let mut reader = ReplyReader::new(response.content_type() == "application/x-ndjson");
            let mut closed = false;
            let error = loop {
                let chunk = tokio::select! {
                    biased;
                    () = request.cancel.cancelled() => break Some(INTERRUPTED.to_owned()),
                    chunk = response.chunk() => chunk,
                };
                let (replies, last) = match chunk {
                    Ok(Some(bytes)) => {
                        log.keep(&bytes);
                        (reader.push(&bytes), None)
                    }
                    Ok(None) => (reader.finish(), Some(None)),
                    // What has arrived is spoken, the line in work too if it is whole.
                    Err(error) => (reader.finish(), Some(Some(error.to_string()))),
                };
                if status.is_success() {
                    for reply in replies {
                        closed = !reply.interim;
                        for event in inner.events(reply) {
                            yield event;
                        }
                        if closed {
                            break;
                        }
                    }
                }
                match last {
                    Some(error) => break error,
                    None if closed => break None,
                    None => {}
                }
            };
            let refused = (!status.is_success()).then(|| format!("HTTP {}", status.as_u16()));
            yield log.done(refused.or(error));
        })
    }
}

const INTERRUPTED: &str = "the caller interrupted";

impl Inner {
    fn envelope(&self, request: &BrainRequest) -> Envelope<VoiceTurnData> {
        let mut data = self.data.clone();
        if let Some(words) = &request.words {
            data.transcript.clone_from(&words.text);
            data.confidence = words.confidence.clamp(0.0, 1.0);
        }
        let skipped = request.history.len().saturating_sub(usize::from(self.webhook.context_limit));
        let recent_history = request.history[skipped..].iter().map(|said| HistoryEntry {
            message_id: None,
            content: said.text.clone(),
            direction: match said.role {
                Role::User => "inbound",
                Role::Agent => "outbound",
            }
            .to_owned(),
            channel: "voice".to_owned(),
            at: said.at,
        });
        Envelope {
            event: EVENT.to_owned(),
            channel: "voice".to_owned(),
            timestamp: (self.clock)(),
            agent_id: Some(self.agent_id.clone()),
            test: None,
            data,
            conversation_state: self.conversation_state.clone(),
            recent_history: recent_history.collect(),
        }
    }

    fn events(&self, reply: Reply) -> Vec<BrainEvent> {
        let mut events = Vec::new();
        if let Some(text) = reply.text {
            events.push(BrainEvent::Say(text));
            events.push(BrainEvent::Pause);
        }
        events.extend(reply.digits.map(BrainEvent::Digits));
        if reply.hangup {
            events.push(BrainEvent::HangUp);
        } else if reply.transfer && self.can_transfer {
            events.push(BrainEvent::Transfer);
        }
        events
    }
}

impl Log {
    fn new(body: &[u8], clock: &WallClock) -> Self {
        Self {
            exchange: WebhookExchange {
                delivery_id: uuid::Uuid::new_v4().to_string(),
                request_body: String::from_utf8_lossy(body).into_owned(),
                http_status: None,
                error: None,
                response_body: None,
                at: clock(),
                took: Duration::ZERO,
            },
            body: Vec::new(),
            began: Instant::now(),
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        // At most four bytes make a character.
        let room = (LOGGED_CHARS * 4).saturating_sub(self.body.len());
        self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn done(mut self, error: Option<String>) -> BrainEvent {
        if self.exchange.http_status.is_some() {
            let text = String::from_utf8_lossy(&self.body);
            self.exchange.response_body = Some(text.chars().take(LOGGED_CHARS).collect());
        }
        self.exchange.error = error;
        self.exchange.took = self.began.elapsed();
        BrainEvent::Exchange(Box::new(self.exchange))
    }
}

#[cfg(test)]
mod tests;
