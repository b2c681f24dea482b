//! Somebody reacts to a message (contract `webhooks.md` §4.4).

use std::sync::Arc;

use offhook_carriers::texting::InboundReaction;
use offhook_model::{
    Timestamp,
    id::ReactionId,
    message::MessageDirection,
    webhook::{Envelope, ReactionData, Webhook},
};
use offhook_store::{Arrival, NewEvent, NewReaction, Reaction};

use super::{Outcome, text::sender};
use crate::{
    app::App, error::ApiError, messaging::event::history_entry, reactions::Wanted, webhooks::Addressed,
};

/// The event's name.
pub const REACTION: &str = "agent.reaction";

/// Longest reaction that is kept where it is neither a tapback nor an emoji.
const REACTION_CHARS: usize = 64;

/// Stores a reaction that arrived, its event with it. One to no message of
/// ours is dropped.
pub(super) async fn receive(app: &App, arrived: InboundReaction) -> Result<Outcome, ApiError> {
    let store = app.store();
    let Some(route) = store.route(&arrived.to).await? else { return Ok(Outcome::Unknown) };
    let number = route.number;
    let Some(message) = store.message_by_carrier_id(&number.id, &arrived.message).await? else {
        return Ok(Outcome::Unknown);
    };
    let text = match Wanted::read(&arrived.reaction) {
        Some(reaction) => reaction.as_str().to_owned(),
        None => arrived.reaction.chars().filter(|c| !c.is_control()).take(REACTION_CHARS).collect(),
    };
    let webhook = store.effective_webhook(&number.account_id, number.agent_id.as_ref()).await?;
    let now = app.now();
    let reaction = Reaction {
        id: ReactionId::new(now, rand::random()),
        account_id: number.account_id.clone(),
        message_id: message.id.clone(),
        person: sender(&arrived.from),
        direction: MessageDirection::Inbound,
        reaction: text,
        created_at: now,
    };
    let teller =
        Teller { reaction: reaction.clone(), channel: arrived.channel.as_str(), agent: number.agent_id };
    let history = webhook.as_ref().map_or(0, |webhook| webhook.context_limit.into());
    let new = NewReaction {
        reaction,
        carrier_id: arrived.carrier_id,
        history,
        tell: Arc::new(move |arrival| {
            webhook.as_ref().map(|webhook| teller.event(arrival, webhook, now)).transpose()
        }),
    };
    match store.receive_reaction(new).await? {
        None => Ok(Outcome::Known),
        Some(has_event) => {
            if has_event {
                app.calls().outbox.notify_one();
            }
            tracing::info!(message.id = %message.id, "reaction received");
            Ok(Outcome::Stored(vec![message.id]))
        }
    }
}

/// Makes the event.
struct Teller {
    reaction: Reaction,
    channel: &'static str,
    agent: Option<offhook_model::id::AgentId>,
}

impl Teller {
    fn event(
        &self,
        arrival: &Arrival,
        webhook: &Webhook,
        now: Timestamp,
    ) -> Result<NewEvent, serde_json::Error> {
        let Arrival { message, conversation, history } = arrival;
        let media_urls = message.media_urls();
        let envelope = Envelope {
            event: REACTION.to_owned(),
            channel: self.channel.to_owned(),
            timestamp: now,
            agent_id: self.agent.clone(),
            test: None,
            data: ReactionData {
                conversation_id: conversation.id.to_string(),
                number_id: message.number_id.to_string(),
                reaction_type: self.reaction.reaction.clone(),
                from_number: self.reaction.person.clone(),
                direction: self.reaction.direction.as_str().to_owned(),
                message_id: message.id.to_string(),
                message_body: message.body.clone(),
                message_media_url: media_urls.first().cloned(),
                message_media_urls: media_urls,
                created_at: self.reaction.created_at,
            },
            conversation_state: conversation.metadata.clone(),
            recent_history: history.iter().map(history_entry).collect(),
        };
        Addressed::to(webhook).about(&message.id).within(&conversation.id).event(&envelope)
    }
}
