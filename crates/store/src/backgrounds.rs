//! Background pictures of chats (contract §7.3).

use offhook_model::{
    Timestamp,
    id::{AccountId, BackgroundId, ConversationId, MediaId},
};

use crate::{Store, StoreError, row::Row, statement::statements, value::args};

/// A chat's background; without `id` it had one, and has none now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Background {
    /// Its id.
    pub id: Option<BackgroundId>,
    /// Grows by one with every picture that is set.
    pub version: u32,
    /// SHA-256 of the picture, in hex.
    pub digest: Option<String>,
}

/// A picture that becomes a chat's background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBackground {
    /// The chat.
    pub conversation: ConversationId,
    /// Its id, should it be another picture than the one there.
    pub id: BackgroundId,
    /// SHA-256 of the picture, in hex.
    pub digest: String,
    /// Our copy.
    pub media: MediaId,
    /// When.
    pub at: Timestamp,
}

statements! {
    BY_CONVERSATION = "SELECT * FROM chat_backgrounds WHERE account_id = $1 AND conversation_id = $2";
    PUT = "INSERT INTO chat_backgrounds
        (conversation_id, account_id, background_id, version, digest, media_id, updated_at)
        SELECT id, account_id, $3, 1, $4, $5, CAST($6 AS BIGINT) FROM conversations WHERE account_id = $1 AND id = $2
        ON CONFLICT (conversation_id) DO UPDATE SET background_id = excluded.background_id,
        version = chat_backgrounds.version + 1, digest = excluded.digest, media_id = excluded.media_id,
        updated_at = excluded.updated_at
        RETURNING *";
    CLEAR = "UPDATE chat_backgrounds SET background_id = NULL, digest = NULL, media_id = NULL, updated_at = $3
        WHERE account_id = $1 AND conversation_id = $2";
}

impl Store {
    /// A chat's background; none when it never had one.
    pub async fn background(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
    ) -> Result<Option<Background>, StoreError> {
        let row = self.read().await?.optional(&BY_CONVERSATION, args![account, conversation]).await?;
        row.as_ref().map(from_row).transpose()
    }

    /// Sets a chat's background; none when the account has no such chat.
    pub async fn put_background(
        &self,
        account: &AccountId,
        new: &NewBackground,
    ) -> Result<Option<Background>, StoreError> {
        let args = args![account, &new.conversation, &new.id, &new.digest, &new.media, new.at];
        self.write(move |tx| {
            let args = args.clone();
            Box::pin(async move { tx.optional(&PUT, args).await?.as_ref().map(from_row).transpose() })
        })
        .await
    }

    /// Notes that a chat has no background any more.
    pub async fn clear_background(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(&CLEAR, args![account, conversation, at]).await.map(drop)
    }
}

fn from_row(row: &Row) -> Result<Background, StoreError> {
    Ok(Background {
        id: row.opt_id("background_id")?,
        version: row.number("version")?,
        digest: row.opt_text("digest")?,
    })
}
