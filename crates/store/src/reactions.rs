//! Reactions to messages, ours and other people's (contract §6.2,
//! webhooks.md §4.4).

use std::collections::HashMap;

use offhook_model::{
    Timestamp,
    id::{AccountId, MessageId, ReactionId},
    message::{Message, MessageDirection},
};

use crate::{
    Conversation, NewEvent, Store, StoreError,
    conn::Conn,
    conversations, events,
    messages::{self, receive::Tell},
    row::Row,
    statement::statements,
    value::args,
};

/// Somebody's reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Its id.
    pub id: ReactionId,
    /// The owner of the message.
    pub account_id: AccountId,
    /// The message.
    pub message_id: MessageId,
    /// Who reacted.
    pub person: String,
    /// Whether it was us.
    pub direction: MessageDirection,
    /// `love`, `like`, `dislike`, `laugh`, `emphasize`, `question`, or an emoji.
    pub reaction: String,
    /// When.
    pub created_at: Timestamp,
}

/// A reaction that arrived.
#[derive(Clone)]
pub struct NewReaction {
    /// The reaction.
    pub reaction: Reaction,
    /// The carrier's name of it: what comes twice is dropped by it.
    pub carrier_id: String,
    /// How many earlier messages [`Self::tell`] is given.
    pub history: u32,
    /// Makes the event; none where nobody listens.
    pub tell: Tell,
}

statements! {
    PUT = "INSERT INTO reactions (id, account_id, message_id, conversation_id, message_at, person, direction,
        reaction, created_at)
        SELECT $1, account_id, id, conversation_id, at, $4, $5, $6, CAST($7 AS BIGINT) FROM messages
        WHERE account_id = $2 AND id = $3
        ON CONFLICT (message_id, person) DO UPDATE SET id = excluded.id, direction = excluded.direction,
        reaction = excluded.reaction, created_at = excluded.created_at";
    OF_RANGE = "SELECT * FROM reactions WHERE conversation_id = $1 AND message_at >= $2 AND message_at <= $3
        AND account_id = $4 ORDER BY message_at, created_at, id";
    MESSAGE = "SELECT * FROM messages WHERE account_id = $1 AND id = $2";
    THREAD = "SELECT * FROM conversations WHERE account_id = $1 AND id = $2 /*pg: FOR UPDATE */";
    ARRIVED = "SELECT message_id FROM arrivals WHERE number_id = $1 AND carrier_id = $2 AND part = 0";
    ARRIVE = "INSERT INTO arrivals (number_id, carrier_id, part, message_id) VALUES ($1, $2, 0, $3)";
}

impl Store {
    /// Stores a reaction of ours in place of any earlier one of the same
    /// person; false when the account has no such message.
    pub async fn put_reaction(&self, reaction: &Reaction) -> Result<bool, StoreError> {
        Ok(self.execute(&PUT, row_args(reaction)).await? == 1)
    }

    /// Stores a reaction that arrived, and its event, in one transaction. None,
    /// and nothing stored, when it arrived before or the account has no such
    /// message; otherwise whether there is an event.
    pub async fn receive_reaction(&self, new: NewReaction) -> Result<Option<bool>, StoreError> {
        let stored = self
            .write(move |tx| {
                let new = new.clone();
                Box::pin(async move { receive(tx, new).await })
            })
            .await;
        match stored {
            // Two deliveries of the same at once: the other one has it.
            Err(StoreError::Conflict { constraint }) if constraint.contains("arrivals") => Ok(None),
            other => other,
        }
    }

    /// The reactions to a stretch of a thread's messages, first reaction first.
    pub async fn reactions(
        &self,
        account: &AccountId,
        stretch: &[Message],
    ) -> Result<HashMap<MessageId, Vec<Reaction>>, StoreError> {
        let mut found: HashMap<MessageId, Vec<Reaction>> = HashMap::new();
        let (Some(one), Some(other)) = (stretch.first(), stretch.last()) else { return Ok(found) };
        let (from, to) = (one.at.min(other.at), one.at.max(other.at));
        let rows = self.read().await?.all(&OF_RANGE, args![&one.conversation_id, from, to, account]).await?;
        for row in rows {
            let reaction = from_row(&row)?;
            found.entry(reaction.message_id.clone()).or_default().push(reaction);
        }
        Ok(found)
    }
}

async fn receive(tx: &mut Conn, new: NewReaction) -> Result<Option<bool>, StoreError> {
    let NewReaction { reaction, carrier_id, history, tell } = new;
    let account = &reaction.account_id;
    let Some(row) = tx.optional(&MESSAGE, args![account, &reaction.message_id]).await? else {
        return Ok(None);
    };
    let message = messages::from_row(row)?;
    let conversation: Conversation =
        conversations::from_row(tx.one(&THREAD, args![account, &message.conversation_id]).await?)?;
    if tx.optional(&ARRIVED, args![&message.number_id, &carrier_id]).await?.is_some() {
        return Ok(None);
    }
    tx.execute(&ARRIVE, args![&message.number_id, &carrier_id, &message.id]).await?;
    tx.execute(&PUT, row_args(&reaction)).await?;
    let mut earlier = messages::earlier(tx, &message.conversation_id, history).await?;
    earlier.reverse();
    let arrival = messages::receive::Arrival { message, conversation, history: earlier };
    let event: Option<NewEvent> =
        tell(&arrival).map_err(|error| StoreError::corrupt(format!("an event: {error}")))?;
    if let Some(event) = &event {
        events::insert(tx, event).await?;
    }
    Ok(Some(event.is_some()))
}

fn row_args(reaction: &Reaction) -> Vec<crate::value::Value> {
    args![
        &reaction.id,
        &reaction.account_id,
        &reaction.message_id,
        &reaction.person,
        reaction.direction.as_str(),
        &reaction.reaction,
        reaction.created_at
    ]
}

fn from_row(row: &Row) -> Result<Reaction, StoreError> {
    Ok(Reaction {
        id: row.id("id")?,
        account_id: row.id("account_id")?,
        message_id: row.id("message_id")?,
        person: row.text("person")?,
        direction: row.word("direction", MessageDirection::from_word)?,
        reaction: row.text("reaction")?,
        created_at: row.time("created_at")?,
    })
}
