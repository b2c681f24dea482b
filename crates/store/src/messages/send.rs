//! A message of ours is accepted: everything that must hold is checked and
//! stored in one transaction, before anything leaves.

use std::time::Duration;

use offhook_model::{
    Timestamp,
    id::NumberId,
    message::{Channel, Message},
    usage::LedgerEntry,
};

use crate::{
    Conversation, Store, StoreError,
    conn::Conn,
    media::{self, StoredMedia},
    messages::{
        insert,
        queue::{self, SendClaim},
        thread::{self, ThreadKey},
    },
    opt_outs,
    statement::statements,
    usage::{self, Charged},
    value::args,
};

/// A message to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSend {
    /// The message; its thread and agent are set here.
    pub message: Message,
    /// Its thread.
    pub thread: ThreadKey,
    /// Our copies of its media.
    pub media: Vec<StoredMedia>,
    /// Shortest time between two messages of the number; none: no limit.
    pub spacing: Option<Duration>,
    /// Who will hand it over, and until when nobody else may.
    pub owner: String,
    /// See `owner`.
    pub lease_until: Timestamp,
    /// What it costs; its agent is set here.
    pub charge: LedgerEntry,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Sending {
    /// It is stored.
    Stored {
        /// As it is stored.
        message: Box<Message>,
        /// The thread with it.
        conversation: Box<Conversation>,
        /// The right and the duty to hand it over now; none when it waits for
        /// its turn.
        claim: Option<SendClaim>,
    },
    /// The number was released.
    NumberGone,
    /// There is no such group.
    NoSuchGroup,
    /// The recipient wants no texts of this number.
    OptedOut,
    /// The balance does not cover it.
    InsufficientBalance,
}

statements! {
    LANE = "INSERT INTO lanes (number_id, free_at) VALUES ($1, 0) ON CONFLICT (number_id) DO NOTHING";
    LANE_FREE = "SELECT free_at FROM lanes WHERE number_id = $1 /*pg: FOR UPDATE */";
    LANE_TAKE = "UPDATE lanes SET free_at = $2 WHERE number_id = $1";
    WAITING = "SELECT message_id FROM sends WHERE number_id = $1 AND state = 'queued' LIMIT 1";
}

impl Store {
    /// Accepts a message: number, thread, opt-out, queue and usage are one
    /// transaction. What is answered with a claim is stored as being handed
    /// over, so that a crash can not send it twice.
    pub async fn send_message(&self, new: NewSend) -> Result<Sending, StoreError> {
        self.write(move |tx| {
            let new = new.clone();
            Box::pin(async move { accept(tx, new).await })
        })
        .await
    }
}

async fn accept(tx: &mut Conn, new: NewSend) -> Result<Sending, StoreError> {
    let NewSend { mut message, thread: key, media, spacing, owner, lease_until, mut charge } = new;
    let Some(agent) = thread::hold_number(tx, &message.account_id, &message.number_id).await? else {
        return Ok(Sending::NumberGone);
    };
    message.agent_id = agent;
    charge.agent_id.clone_from(&message.agent_id);
    // From here on the thread is locked: a STOP that is being stored is waited
    // for, and one that comes later finds this message stored.
    let Some(conversation) = thread::open(tx, &key, &message).await? else {
        return Ok(Sending::NoSuchGroup);
    };
    message.conversation_id = conversation.id.clone();
    if conversation.is_group {
        message.to.clone_from(&conversation.participant);
    }
    let obeys = message.channel != Channel::Whatsapp && !conversation.is_group;
    if obeys
        && opt_outs::is_out(tx, &message.account_id, &message.number_id, &conversation.participant).await?
    {
        return Ok(Sending::OptedOut);
    }
    if let Charged::InsufficientBalance { .. } = usage::charge(tx, &charge).await? {
        thread::undo(tx, &key, &message).await?;
        return Ok(Sending::InsufficientBalance);
    }
    for file in &media {
        media::insert(tx, &message.account_id, file).await?;
    }
    insert(tx, &message).await?;
    let conversation = thread::touch(tx, &message, conversation.agent_id.as_ref()).await?;
    let place = place(tx, &message.number_id, message.at, spacing).await?;
    let claim = match place {
        Place::Now { .. } => Some(SendClaim { message_id: message.id.clone(), owner, until: lease_until }),
        Place::Later { .. } => None,
    };
    queue::enter(tx, &message, place, claim.as_ref()).await?;
    Ok(Sending::Stored { message: Box::new(message), conversation: Box::new(conversation), claim })
}

/// Where in its number's queue a message comes, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It may leave at once.
    Now {
        /// Its place.
        slot: i64,
    },
    /// It waits for that moment.
    Later {
        /// Its place.
        slot: i64,
    },
}

/// The next place in a number's queue.
async fn place(
    tx: &mut Conn,
    number: &NumberId,
    now: Timestamp,
    spacing: Option<Duration>,
) -> Result<Place, StoreError> {
    let now = now.as_microsecond();
    let Some(spacing) = spacing else {
        return Ok(Place::Now { slot: now });
    };
    tx.execute(&LANE, args![number]).await?;
    let free_at = tx.one(&LANE_FREE, args![number]).await?.int("free_at")?;
    let slot = now.max(free_at);
    let next = slot.saturating_add(i64::try_from(spacing.as_micros()).unwrap_or(i64::MAX));
    tx.execute(&LANE_TAKE, args![number, next]).await?;
    // Nobody overtakes those that wait, also not after the carrier was away.
    let is_free = slot <= now && tx.optional(&WAITING, args![number]).await?.is_none();
    Ok(if is_free { Place::Now { slot } } else { Place::Later { slot } })
}

/// Stores a text the platform writes by itself, in a thread that is locked
/// already; it waits for the worker and is billed to nobody.
pub(crate) async fn reply_automatically(tx: &mut Conn, message: &Message) -> Result<(), StoreError> {
    insert(tx, message).await?;
    thread::touch(tx, message, message.agent_id.as_ref()).await?;
    queue::enter(tx, message, Place::Later { slot: message.at.as_microsecond() }, None).await
}
