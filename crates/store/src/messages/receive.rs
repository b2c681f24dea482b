//! Somebody's message arrives: thread, opt-out word, message, event and usage
//! are one transaction.

use std::sync::Arc;

use offhook_model::{
    id::{ConversationId, EventId},
    message::Message,
    usage::LedgerEntry,
};

use crate::{
    Conversation, NewEvent, Store, StoreError,
    conn::Conn,
    events,
    media::{self, StoredMedia},
    messages::{earlier, insert, queue, send, thread, thread::ThreadKey},
    opt_outs,
    statement::statements,
    usage,
    value::args,
};

/// A message that arrived.
#[derive(Clone)]
pub struct NewArrival {
    /// The message; its thread and agent are set here. Its `carrier_id` tells
    /// it from what arrived before.
    pub message: Message,
    /// Its place among the pictures of a carousel; 0 otherwise.
    pub part: u32,
    /// Its thread.
    pub thread: ThreadKey,
    /// Our copies of its media.
    pub media: Vec<StoredMedia>,
    /// What it costs; its agent is set here.
    pub charge: LedgerEntry,
    /// What its words mean for the platform.
    pub keyword: Option<KeywordEffect>,
    /// How many earlier messages [`Self::tell`] is given.
    pub history: u32,
    /// Makes the event; none where nobody listens.
    pub tell: Tell,
}

/// Makes the event of a message that is being stored.
pub type Tell = Arc<dyn Fn(&Arrival) -> Result<Option<NewEvent>, serde_json::Error> + Send + Sync>;

/// A message as it is being stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// The message.
    pub message: Message,
    /// Its thread, this message counted.
    pub conversation: Conversation,
    /// Earlier messages, oldest first.
    pub history: Vec<Message>,
}

/// What an opt-out word does. The reply is stored only where it is due.
#[derive(Debug, Clone, PartialEq)]
pub enum KeywordEffect {
    /// The sender wants no texts; what waits for them is given up.
    OptOut {
        /// The word.
        keyword: String,
        /// Confirms it, once.
        reply: Box<Message>,
        /// The reason given to messages that waited.
        reason: String,
    },
    /// The sender wants texts again.
    OptIn {
        /// The word.
        keyword: String,
        /// Confirms it, when it changed anything.
        reply: Box<Message>,
    },
    /// The sender asks for help.
    Help {
        /// The help text.
        reply: Box<Message>,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// It is stored.
    Stored {
        /// The message and its thread.
        arrival: Box<Arrival>,
        /// The event, where somebody listens.
        event: Option<EventId>,
        /// Whether the platform answers it.
        is_answered: bool,
    },
    /// It was stored before.
    Duplicate,
    /// The number was released.
    NumberGone,
}

statements! {
    ARRIVED = "SELECT message_id FROM arrivals WHERE number_id = $1 AND carrier_id = $2 AND part = $3";
    ARRIVE = "INSERT INTO arrivals (number_id, carrier_id, part, message_id) VALUES ($1, $2, $3, $4)";
}

impl Store {
    /// Stores a message that arrived, and its event, unless it arrived before.
    pub async fn receive_message(&self, new: NewArrival) -> Result<Received, StoreError> {
        let stored = self
            .write(move |tx| {
                let new = new.clone();
                Box::pin(async move { store(tx, new).await })
            })
            .await;
        match stored {
            // Two deliveries of the same at once: the other one has it.
            Err(StoreError::Conflict { constraint }) if constraint.contains("arrivals") => {
                Ok(Received::Duplicate)
            }
            other => other,
        }
    }
}

async fn store(tx: &mut Conn, new: NewArrival) -> Result<Received, StoreError> {
    let NewArrival { mut message, part, thread: key, media, mut charge, keyword, history, tell } = new;
    let Some(agent) = thread::hold_number(tx, &message.account_id, &message.number_id).await? else {
        return Ok(Received::NumberGone);
    };
    message.agent_id = agent;
    charge.agent_id.clone_from(&message.agent_id);
    let Some(conversation) = thread::open(tx, &key, &message).await? else {
        return Err(StoreError::Dangling);
    };
    message.conversation_id = conversation.id.clone();
    if let Some(carrier_id) = &message.carrier_id {
        let args = args![&message.number_id, carrier_id, part];
        if tx.optional(&ARRIVED, args).await?.is_some() {
            return Ok(Received::Duplicate);
        }
    }
    // Owed, not asked for: it arrived.
    let _owed = usage::charge(tx, &charge).await?;
    for file in &media {
        media::insert(tx, &message.account_id, file).await?;
    }
    let mut history = earlier(tx, &conversation.id, history).await?;
    history.reverse();
    insert(tx, &message).await?;
    if let Some(carrier_id) = &message.carrier_id {
        tx.execute(&ARRIVE, args![&message.number_id, carrier_id, part, &message.id]).await?;
    }
    let conversation = thread::touch(tx, &message, conversation.agent_id.as_ref()).await?;
    let is_answered = match keyword {
        Some(keyword) => obey(tx, &conversation.id, &message, keyword).await?,
        None => false,
    };
    let arrival = Arrival { message, conversation, history };
    let event = tell(&arrival).map_err(|error| StoreError::corrupt(format!("an event: {error}")))?;
    if let Some(event) = &event {
        events::insert(tx, event).await?;
    }
    Ok(Received::Stored { arrival: Box::new(arrival), event: event.map(|event| event.id), is_answered })
}

/// Does what an opt-out word says; whether the platform answers.
async fn obey(
    tx: &mut Conn,
    conversation: &ConversationId,
    message: &Message,
    keyword: KeywordEffect,
) -> Result<bool, StoreError> {
    let (is_due, reply) = match keyword {
        KeywordEffect::OptOut { keyword, reply, reason } => {
            queue::drop_queued(tx, conversation, &reason).await?;
            (opt_outs::change(tx, message, true, &keyword).await?, reply)
        }
        KeywordEffect::OptIn { keyword, reply } => {
            (opt_outs::change(tx, message, false, &keyword).await?, reply)
        }
        KeywordEffect::Help { reply } => (true, reply),
    };
    if is_due {
        let reply =
            Message { conversation_id: conversation.clone(), agent_id: message.agent_id.clone(), ..*reply };
        send::reply_automatically(tx, &reply).await?;
    }
    Ok(is_due)
}
