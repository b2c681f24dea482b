//! Text messages: their rows, and reading single ones.
//!
//! | what happens | file |
//! |---|---|
//! | a message of ours is accepted | [`send`] |
//! | it is handed to the carrier | [`queue`] |
//! | the carrier tells how it fared | [`receipt`] |
//! | somebody's message arrives | [`receive`] |
//! | the thread of a message | [`thread`] |
//! | lists, and what their messages answer | [`list`], [`replies`] |

use offhook_model::{
    id::{AccountId, ConversationId, MessageId, NumberId},
    message::{Channel, Message, MessageDirection, MessageStatus},
};

use crate::{
    Store, StoreError,
    conn::Conn,
    row::{Row, to_json},
    statement::statements,
    value::{Value, args},
};

pub(crate) mod list;
pub(crate) mod queue;
pub(crate) mod receipt;
pub(crate) mod receive;
pub(crate) mod replies;
pub(crate) mod send;
pub(crate) mod thread;

statements! {
    INSERT = "INSERT INTO messages (id, account_id, conversation_id, number_id, agent_id, direction, channel,
        from_address, to_address, sender, body, media, content, send_style, reply_to, carrier_id, segments,
        is_automatic, status, failure_reason, error_code, delivered_at, delivered_channel, read_at, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
        $22, $23, $24, $25)";
    BY_ID = "SELECT * FROM messages WHERE account_id = $1 AND id = $2";
    ANY = "SELECT * FROM messages WHERE id = $1";
    BY_CARRIER_ID = "SELECT * FROM messages WHERE carrier_id = $1 AND number_id = $2 ORDER BY at, id LIMIT 1";
    EARLIER = "SELECT * FROM messages WHERE conversation_id = $1 ORDER BY at DESC, id DESC LIMIT $2";
}

impl Store {
    /// A message of this account.
    pub async fn message(&self, account: &AccountId, id: &MessageId) -> Result<Option<Message>, StoreError> {
        self.read().await?.optional(&BY_ID, args![account, id]).await?.map(from_row).transpose()
    }

    /// A message of any account, for the worker that hands it over.
    pub async fn queued_message(&self, id: &MessageId) -> Result<Option<Message>, StoreError> {
        self.read().await?.optional(&ANY, args![id]).await?.map(from_row).transpose()
    }

    /// The message of a number that its carrier knows by this name; of a
    /// carousel the first.
    pub async fn message_by_carrier_id(
        &self,
        number: &NumberId,
        carrier_id: &str,
    ) -> Result<Option<Message>, StoreError> {
        self.read()
            .await?
            .optional(&BY_CARRIER_ID, args![carrier_id, number])
            .await?
            .map(from_row)
            .transpose()
    }
}

/// The latest messages of a thread, newest first.
pub(crate) async fn earlier(
    conn: &mut Conn,
    conversation: &ConversationId,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let rows = conn.all(&EARLIER, args![conversation, limit]).await?;
    rows.into_iter().map(from_row).collect()
}

pub(crate) async fn insert(tx: &mut Conn, message: &Message) -> Result<(), StoreError> {
    tx.execute(&INSERT, row_args(message)?).await.map(drop)
}

fn row_args(message: &Message) -> Result<Vec<Value>, StoreError> {
    Ok(args![
        &message.id,
        &message.account_id,
        &message.conversation_id,
        &message.number_id,
        message.agent_id.as_ref(),
        message.direction.as_str(),
        message.channel.as_str(),
        &message.from,
        &message.to,
        message.sender.clone(),
        &message.body,
        to_json(&message.media)?,
        message.content.as_ref().map(to_json).transpose()?,
        message.send_style.clone(),
        message.reply_to.as_ref(),
        message.carrier_id.clone(),
        message.segments,
        message.is_automatic,
        message.status.as_str(),
        message.failure_reason.clone(),
        message.error_code.clone(),
        message.delivered_at,
        message.delivered_channel.map(|channel| channel.as_str().to_owned()),
        message.read_at,
        message.at
    ])
}

pub(crate) fn from_row(row: Row) -> Result<Message, StoreError> {
    let delivered_channel = match row.opt_text("delivered_channel")? {
        None => None,
        Some(_) => Some(row.word("delivered_channel", Channel::from_word)?),
    };
    Ok(Message {
        id: row.id("id")?,
        account_id: row.id("account_id")?,
        conversation_id: row.id("conversation_id")?,
        number_id: row.id("number_id")?,
        agent_id: row.opt_id("agent_id")?,
        direction: row.word("direction", MessageDirection::from_word)?,
        channel: row.word("channel", Channel::from_word)?,
        from: row.text("from_address")?,
        to: row.text("to_address")?,
        sender: row.opt_text("sender")?,
        body: row.text("body")?,
        media: row.json("media")?,
        content: row.opt_json("content")?,
        send_style: row.opt_text("send_style")?,
        reply_to: row.opt_id("reply_to")?,
        carrier_id: row.opt_text("carrier_id")?,
        segments: row.number("segments")?,
        is_automatic: row.flag("is_automatic")?,
        status: row.word("status", MessageStatus::from_word)?,
        failure_reason: row.opt_text("failure_reason")?,
        error_code: row.opt_text("error_code")?,
        delivered_at: row.opt_time("delivered_at")?,
        delivered_channel,
        read_at: row.opt_time("read_at")?,
        at: row.time("at")?,
    })
}
