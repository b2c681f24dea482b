//! Messages, their threads, and copies of their pictures and files.

use std::collections::BTreeSet;

use offhook_model::{
    Timestamp,
    erasure::Places,
    id::{AccountId, ConversationId, MediaId, MessageId},
    message::{MessageMedia, preview},
};

use crate::{
    Store, StoreError,
    conn::Conn,
    conversations::{self, counts},
    row::Row,
    statement::statements,
    value::args,
};

statements! {
    BEFORE = "SELECT m.id, m.conversation_id, m.media, m.at FROM messages m WHERE m.account_id = $1 AND m.at < $2
        AND NOT EXISTS (SELECT 1 FROM sends s WHERE s.message_id = m.id) ORDER BY m.at LIMIT $3";
    ONE = "SELECT m.id, m.conversation_id, m.media, m.at FROM messages m WHERE m.account_id = $1 AND m.id = $2";
    OF_THREAD = "SELECT m.id, m.conversation_id, m.media, m.at FROM messages m WHERE m.account_id = $1
        AND m.conversation_id = $2 AND ($3 = '' OR m.from_address = $3 OR m.sender = $3)
        AND NOT EXISTS (SELECT 1 FROM sends s WHERE s.message_id = m.id AND s.state <> 'queued')
        ORDER BY m.at, m.id LIMIT $4";
    THREAD = "SELECT * FROM conversations WHERE account_id = $1 AND id = $2 /*pg: FOR UPDATE */";
    REACTIONS = "DELETE FROM reactions WHERE account_id = $1 AND message_id = $2";
    ARRIVALS = "DELETE FROM arrivals WHERE message_id = $1";
    QUEUED = "DELETE FROM sends WHERE message_id = $1 AND state = 'queued'";
    LEAVING = "SELECT state FROM sends WHERE message_id = $1 /*pg: FOR UPDATE */";
    MEDIA = "DELETE FROM media WHERE account_id = $1 AND id = $2";
    MESSAGE = "DELETE FROM messages WHERE account_id = $1 AND id = $2";
    LATEST = "SELECT body, media FROM messages WHERE conversation_id = $1 ORDER BY at DESC, id DESC LIMIT 1";
    REFRESH = "UPDATE conversations SET last_message_preview = $3,
        message_count = (SELECT COUNT(*) FROM messages m WHERE m.conversation_id = $2)
        WHERE account_id = $1 AND id = $2";
    BACKGROUND = "SELECT media_id FROM chat_backgrounds WHERE account_id = $1 AND conversation_id = $2";
    DROP_BACKGROUND = "DELETE FROM chat_backgrounds WHERE account_id = $1 AND conversation_id = $2";
    DROP_THREAD = "DELETE FROM conversations WHERE account_id = $1 AND id = $2";
}

/// A message that can be removed, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasableMessage {
    /// Its id.
    pub id: MessageId,
    /// Its thread.
    pub conversation_id: ConversationId,
    /// Our copies of what it carries.
    pub media: Vec<MediaId>,
    /// When it came or went: nothing tells of it earlier.
    pub at: Timestamp,
}

impl ErasableMessage {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        let media: Vec<MessageMedia> = row.json("media")?;
        Ok(Self {
            id: row.id("id")?,
            conversation_id: row.id("conversation_id")?,
            media: media.into_iter().filter_map(|media| media.id).collect(),
            at: row.time("at")?,
        })
    }
}

impl Store {
    /// Messages older than `before` that are not on their way; earliest first.
    pub async fn messages_before(
        &self,
        account: &AccountId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ErasableMessage>, StoreError> {
        let rows = self.read().await?.all(&BEFORE, args![account, before, limit]).await?;
        rows.iter().map(ErasableMessage::from_row).collect()
    }

    /// One message.
    pub async fn erasable_message(
        &self,
        account: &AccountId,
        id: &MessageId,
    ) -> Result<Option<ErasableMessage>, StoreError> {
        let row = self.read().await?.optional(&ONE, args![account, id]).await?;
        row.as_ref().map(ErasableMessage::from_row).transpose()
    }

    /// Messages of a thread, all or only one person's, that are not being
    /// handed over right now.
    pub async fn thread_messages(
        &self,
        account: &AccountId,
        thread: &ConversationId,
        person: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ErasableMessage>, StoreError> {
        let args = args![account, thread, person.unwrap_or_default(), limit];
        let rows = self.read().await?.all(&OF_THREAD, args).await?;
        rows.iter().map(ErasableMessage::from_row).collect()
    }

    /// Removes messages with their reactions and the rows of their copies; those
    /// that wait are given up. What is being handed over to a carrier stays.
    pub async fn erase_messages(
        &self,
        account: &AccountId,
        messages: Vec<ErasableMessage>,
    ) -> Result<Places, StoreError> {
        let account = account.clone();
        self.write(move |tx| {
            let (account, messages) = (account.clone(), messages.clone());
            Box::pin(async move {
                // Threads are locked in one order, whoever else removes.
                let threads: BTreeSet<_> = messages.iter().map(|message| &message.conversation_id).collect();
                for thread in &threads {
                    tx.optional(&THREAD, args![&account, *thread]).await?;
                }
                let mut gone = Places::default();
                for message in &messages {
                    gone += erase(tx, &account, message).await?;
                }
                for thread in threads {
                    refresh(tx, &account, thread).await?;
                }
                Ok(gone)
            })
        })
        .await
    }

    /// Our copy of a thread's background.
    pub async fn background_copy(
        &self,
        account: &AccountId,
        thread: &ConversationId,
    ) -> Result<Option<MediaId>, StoreError> {
        let row = self.read().await?.optional(&BACKGROUND, args![account, thread]).await?;
        Ok(row.map(|row| row.opt_id("media_id")).transpose()?.flatten())
    }

    /// Removes a thread that has no messages any more; false when it is unknown,
    /// or a message came meanwhile.
    pub async fn erase_thread(&self, account: &AccountId, id: &ConversationId) -> Result<bool, StoreError> {
        let background = self.background_copy(account, id).await?;
        let (account, id) = (account.clone(), id.clone());
        self.write(move |tx| {
            let (account, id, background) = (account.clone(), id.clone(), background.clone());
            Box::pin(async move {
                let Some(row) = tx.optional(&THREAD, args![&account, &id]).await? else { return Ok(false) };
                let thread = conversations::from_row(row)?;
                if tx.optional(&LATEST, args![&id]).await?.is_some() {
                    return Ok(false);
                }
                tx.execute(&DROP_BACKGROUND, args![&account, &id]).await?;
                if let Some(copy) = background {
                    tx.execute(&MEDIA, args![&account, &copy]).await?;
                }
                tx.execute(&DROP_THREAD, args![&account, &id]).await?;
                counts::undone(tx, &account, thread.agent_id.as_ref(), &thread.number_id).await?;
                Ok(true)
            })
        })
        .await
    }
}

async fn erase(tx: &mut Conn, account: &AccountId, message: &ErasableMessage) -> Result<Places, StoreError> {
    let leaving = tx.optional(&LEAVING, args![&message.id]).await?;
    if leaving.map(|row| row.text("state")).transpose()?.is_some_and(|state| state != "queued") {
        return Ok(Places::default());
    }
    tx.execute(&QUEUED, args![&message.id]).await?;
    let reactions = tx.execute(&REACTIONS, args![account, &message.id]).await?;
    tx.execute(&ARRIVALS, args![&message.id]).await?;
    for copy in &message.media {
        tx.execute(&MEDIA, args![account, copy]).await?;
    }
    let messages = tx.execute(&MESSAGE, args![account, &message.id]).await?;
    Ok(Places { messages, reactions, ..Places::default() })
}

/// What the thread shows of itself follows what is left in it.
async fn refresh(tx: &mut Conn, account: &AccountId, thread: &ConversationId) -> Result<(), StoreError> {
    let shown = match tx.optional(&LATEST, args![thread]).await? {
        Some(row) => {
            let media: Vec<MessageMedia> = row.json("media")?;
            preview(&row.text("body")?, !media.is_empty())
        }
        None => String::new(),
    };
    tx.execute(&REFRESH, args![account, thread, shown]).await.map(drop)
}
