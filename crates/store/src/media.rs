//! Pictures and files of messages: what is known of our copies. The bytes are
//! in [`crate::Blobs`].

use offhook_model::{
    Timestamp,
    id::{AccountId, MediaId},
};

use crate::{Store, StoreError, conn::Conn, statement::statements, value::args};

/// A copy of a picture or file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMedia {
    /// Its id, which is also what opens it: 128 random bits.
    pub id: MediaId,
    /// Its media type.
    pub content_type: String,
    /// Its size.
    pub size_bytes: u64,
    /// When it was stored.
    pub created_at: Timestamp,
}

statements! {
    INSERT = "INSERT INTO media (id, account_id, content_type, size_bytes, created_at) VALUES ($1, $2, $3, $4, $5)";
    BY_ID = "SELECT * FROM media WHERE id = $1";
}

impl Store {
    /// What is known of a copy, of any account: its id is the capability.
    pub async fn media(&self, id: &MediaId) -> Result<Option<StoredMedia>, StoreError> {
        let row = self.read().await?.optional(&BY_ID, args![id]).await?;
        row.map(|row| {
            Ok(StoredMedia {
                id: row.id("id")?,
                content_type: row.text("content_type")?,
                size_bytes: row.number("size_bytes")?,
                created_at: row.time("created_at")?,
            })
        })
        .transpose()
    }

    /// Stores what is known of a copy that belongs to no message: a chat's
    /// background, a contact card's picture.
    pub async fn insert_media(&self, account: &AccountId, media: &StoredMedia) -> Result<(), StoreError> {
        self.execute(&INSERT, row_args(account, media)).await.map(drop)
    }
}

pub(crate) async fn insert(
    tx: &mut Conn,
    account: &AccountId,
    media: &StoredMedia,
) -> Result<(), StoreError> {
    tx.execute(&INSERT, row_args(account, media)).await.map(drop)
}

fn row_args(account: &AccountId, media: &StoredMedia) -> Vec<crate::value::Value> {
    let size = i64::try_from(media.size_bytes).unwrap_or(i64::MAX);
    args![&media.id, account, &media.content_type, size, media.created_at]
}
