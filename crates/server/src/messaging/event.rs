//! The `agent.message` event of a text (contract `webhooks.md` §4.1).

use std::sync::Arc;

use offhook_model::{
    Timestamp,
    id::MessageId,
    message::Message,
    number::Number,
    webhook::{Envelope, EventContact, EventGroup, HistoryEntry, MessageData, RepliedTo, Webhook},
};
use offhook_store::{Arrival, Conversation, NewEvent, Tell};

use crate::{app::App, error::ApiError, webhooks::Addressed};

/// The event's name.
pub const MESSAGE: &str = "agent.message";

/// Everything about a message's event that is known before it is stored.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    webhook: Option<Webhook>,
    contact: Option<EventContact>,
    external_id: Option<String>,
    reply: Option<Message>,
}

impl Teller {
    /// For a message of `from` to `number` that answers, perhaps, what the
    /// carrier calls `reply_to`.
    pub(super) async fn find(
        app: &App,
        number: &Number,
        from: &str,
        reply_to: Option<&str>,
    ) -> Result<Self, ApiError> {
        let store = app.store();
        let reply = match reply_to {
            Some(carrier_id) => store.message_by_carrier_id(&number.id, carrier_id).await?,
            None => None,
        };
        Ok(Self {
            webhook: store.effective_webhook(&number.account_id, number.agent_id.as_ref()).await?,
            contact: store.contact_by_number(&number.account_id, from).await?.map(EventContact::from),
            external_id: number.external_id.clone(),
            reply,
        })
    }

    /// The message it answers.
    pub(super) fn reply_to(&self) -> Option<&MessageId> {
        self.reply.as_ref().map(|message| &message.id)
    }

    /// How many earlier messages the event carries.
    pub(super) fn history(&self) -> u32 {
        self.webhook.as_ref().map_or(0, |webhook| webhook.context_limit.into())
    }

    /// What makes the event once the message has its thread.
    pub(super) fn tell(&self, now: Timestamp) -> Tell {
        let teller = self.clone();
        Arc::new(move |arrival| {
            teller.webhook.as_ref().map(|webhook| teller.event(arrival, webhook, now)).transpose()
        })
    }

    fn event(
        &self,
        arrival: &Arrival,
        webhook: &Webhook,
        now: Timestamp,
    ) -> Result<NewEvent, serde_json::Error> {
        let Arrival { message, conversation, history } = arrival;
        let media_urls = message.media_urls();
        let group = conversation.is_group.then(|| group(conversation)).transpose()?;
        let envelope = Envelope {
            event: MESSAGE.to_owned(),
            channel: message.channel.as_str().to_owned(),
            timestamp: now,
            agent_id: message.agent_id.clone(),
            test: None,
            data: MessageData {
                message_id: message.id.to_string(),
                id: message.id.to_string(),
                external_message_id: message.carrier_id.clone(),
                conversation_id: message.conversation_id.to_string(),
                number_id: message.number_id.to_string(),
                from: message.from.clone(),
                to: message.to.clone(),
                contact: self.contact.clone(),
                message: message.body.clone(),
                media_url: media_urls.first().cloned(),
                media_urls,
                direction: message.direction.as_str().to_owned(),
                received_at: message.at,
                external_id: self.external_id.clone(),
                sender_identifier: message.sender.clone(),
                group,
                reply_to: self.reply.as_ref().map(replied_to),
            },
            conversation_state: conversation.metadata.clone(),
            recent_history: history.iter().map(history_entry).collect(),
        };
        Addressed::to(webhook).about(&message.id).within(&conversation.id).event(&envelope)
    }
}

/// An earlier message as events tell of it.
pub(crate) fn history_entry(message: &Message) -> HistoryEntry {
    HistoryEntry {
        message_id: Some(message.id.to_string()),
        content: message.body.clone(),
        direction: message.direction.as_str().to_owned(),
        channel: message.channel.as_str().to_owned(),
        at: message.at,
    }
}

/// A thread's group as events tell of it.
pub(crate) fn group(conversation: &Conversation) -> Result<EventGroup, serde_json::Error> {
    let participants = conversation.participants.clone();
    Ok(EventGroup {
        is_group: true,
        group_id: conversation.participant.clone(),
        group_name: conversation.group_name.clone(),
        group_icon_url: conversation.group_icon_url.clone(),
        participants: participants.map(serde_json::from_value).transpose()?.unwrap_or_default(),
    })
}

fn replied_to(message: &Message) -> RepliedTo {
    RepliedTo {
        message_id: message.id.to_string(),
        message: message.body.clone(),
        media_urls: message.media_urls(),
    }
}
