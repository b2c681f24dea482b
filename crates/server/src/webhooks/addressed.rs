//! An event as the outbox takes it: the one place where one is made.

use std::sync::atomic::{AtomicU64, Ordering};

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, EventId},
    webhook::{Envelope, Webhook},
};
use offhook_store::NewEvent;
use serde::Serialize;

/// Whose webhook an event goes to, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressed {
    /// The account.
    pub account: AccountId,
    /// The agent whose own webhook gets it; none: the account's webhook.
    pub target: Option<AgentId>,
    /// The message or call it is about.
    pub subject: Option<String>,
    /// The conversation or call whose events are first sent in order.
    pub order: Option<String>,
}

/// An event whose body is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// `X-Webhook-ID`.
    pub delivery_id: String,
    /// The event's name.
    pub event: String,
    /// Its channel.
    pub channel: String,
    /// The agent it belongs to.
    pub agent: Option<AgentId>,
    /// The exact body.
    pub body: String,
    /// When it happened.
    pub at: Timestamp,
}

impl Addressed {
    /// To this webhook.
    #[must_use]
    pub fn to(webhook: &Webhook) -> Self {
        let (account, target) = (webhook.account_id.clone(), webhook.agent_id.clone());
        Self { account, target, subject: None, order: None }
    }

    /// About this message or call.
    #[must_use]
    pub fn about(self, subject: impl ToString) -> Self {
        Self { subject: Some(subject.to_string()), ..self }
    }

    /// After the earlier events of this conversation or call.
    #[must_use]
    pub fn within(self, order: impl ToString) -> Self {
        Self { order: Some(order.to_string()), ..self }
    }

    /// The event of an envelope, under a new delivery id.
    ///
    /// # Errors
    /// Only if the envelope cannot be written as JSON, which stored JSON can.
    pub fn event<D: Serialize>(self, envelope: &Envelope<D>) -> Result<NewEvent, serde_json::Error> {
        Ok(self.written(Written {
            delivery_id: uuid::Uuid::new_v4().to_string(),
            event: envelope.event.clone(),
            channel: envelope.channel.clone(),
            agent: envelope.agent_id.clone(),
            body: serde_json::to_string(envelope)?,
            at: envelope.timestamp,
        }))
    }

    /// The event of a body that is there already.
    #[must_use]
    pub fn written(self, written: Written) -> NewEvent {
        NewEvent {
            id: next_id(written.at),
            delivery_id: written.delivery_id,
            account_id: self.account,
            agent_id: written.agent,
            target: self.target,
            event_type: written.event,
            channel: written.channel,
            subject_id: self.subject,
            order_key: self.order,
            body: written.body,
            created_at: written.at,
        }
    }
}

/// Ids of one millisecond sort in the order they were made: the pictures of one
/// message arrive at one moment, and are told of one after the other.
fn next_id(at: Timestamp) -> EventId {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let mut random: [u8; 16] = rand::random();
    random[..8].copy_from_slice(&MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    EventId::new(at, random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_moment_sort_as_they_were_made() {
        let ids: Vec<_> = (0..300).map(|_| next_id(Timestamp::UNIX_EPOCH)).collect();
        assert!(ids.is_sorted());
    }
}
