//! How a message of ours fared, as its carrier tells: never backwards.

use offhook_model::{
    Timestamp,
    id::MessageId,
    message::{Channel, Message, MessageDirection, MessageStatus},
};

use crate::{Store, StoreError, messages::from_row, statement::statements, value::args};

/// A carrier's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReceipt {
    /// The carrier's id of the message.
    pub carrier_id: Option<String>,
    /// Our id of it; wins.
    pub message_id: Option<MessageId>,
    /// What became of it.
    pub status: MessageStatus,
    /// How it arrived.
    pub channel: Option<Channel>,
    /// The provider's code of a failure.
    pub code: Option<String>,
    /// A failure in words.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What came of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Receipted {
    /// The message has the new status.
    Moved(Box<Message>),
    /// It was further on already.
    Stale,
    /// No such message.
    Unknown,
}

statements! {
    BY_ID = "SELECT * FROM messages WHERE id = $1 /*pg: FOR UPDATE */";
    BY_CARRIER_ID = "SELECT * FROM messages WHERE carrier_id = $1 AND direction = 'outbound'
        ORDER BY at, id LIMIT 1 /*pg: FOR UPDATE */";
    MOVE = "UPDATE messages SET status = $2, failure_reason = $3, error_code = $4,
        delivered_at = COALESCE(delivered_at, $5), delivered_channel = COALESCE(delivered_channel, $6),
        read_at = COALESCE(read_at, $7), carrier_id = COALESCE(carrier_id, $8)
        WHERE id = $1 RETURNING *";
    FORGET = "DELETE FROM sends WHERE message_id = $1";
}

impl Store {
    /// Stores a report of a carrier, unless the message is further on already.
    /// One that was read was delivered, too.
    pub async fn record_receipt(&self, receipt: NewReceipt) -> Result<Receipted, StoreError> {
        self.write(move |tx| {
            let receipt = receipt.clone();
            Box::pin(async move {
                let row = match (&receipt.message_id, &receipt.carrier_id) {
                    (Some(id), _) => tx.optional(&BY_ID, args![id]).await?,
                    (None, Some(carrier_id)) => tx.optional(&BY_CARRIER_ID, args![carrier_id]).await?,
                    (None, None) => None,
                };
                let Some(row) = row else { return Ok(Receipted::Unknown) };
                let message = from_row(row)?;
                if message.direction != MessageDirection::Outbound {
                    return Ok(Receipted::Unknown);
                }
                if !message.status.may_become(receipt.status) {
                    return Ok(Receipted::Stale);
                }
                let has_failed = receipt.status == MessageStatus::Failed;
                let has_arrived = matches!(receipt.status, MessageStatus::Delivered | MessageStatus::Read);
                let channel = receipt.channel.unwrap_or(message.channel);
                let args = args![
                    &message.id,
                    receipt.status.as_str(),
                    receipt.reason.filter(|_| has_failed),
                    receipt.code.filter(|_| has_failed),
                    has_arrived.then_some(receipt.at),
                    has_arrived.then(|| channel.as_str().to_owned()),
                    (receipt.status == MessageStatus::Read).then_some(receipt.at),
                    receipt.carrier_id
                ];
                let moved = from_row(tx.one(&MOVE, args).await?)?;
                // A hand-over whose answer got lost is answered for by this.
                if message.status == MessageStatus::Unconfirmed {
                    tx.execute(&FORGET, args![&message.id]).await?;
                }
                Ok(Receipted::Moved(Box::new(moved)))
            })
        })
        .await
    }
}
