//! What users tell the operator (contract §16).

use offhook_model::{
    Timestamp,
    id::{AccountId, FeedbackId},
};

use crate::{
    Store, StoreError,
    row::{Row, to_json},
    statement::statements,
    value::args,
};

/// A piece of feedback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Its id.
    pub id: FeedbackId,
    /// Who wrote.
    pub account_id: AccountId,
    /// What kind, in the writer's words.
    pub category: String,
    /// What it says.
    pub note: String,
    /// The request it is about.
    pub request_id: Option<String>,
    /// The page it is about.
    pub url: Option<String>,
    /// The writer's labels.
    pub tags: Vec<String>,
    /// When it came.
    pub created_at: Timestamp,
}

statements! {
    INSERT = "INSERT INTO feedback (id, account_id, category, note, request_id, url, tags, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    LATEST = "SELECT * FROM feedback ORDER BY created_at DESC, id DESC LIMIT $1";
}

impl Store {
    /// Stores a piece of feedback.
    pub async fn insert_feedback(&self, new: &Feedback) -> Result<(), StoreError> {
        let args = args![
            &new.id,
            &new.account_id,
            &new.category,
            &new.note,
            new.request_id.clone(),
            new.url.clone(),
            to_json(&new.tags)?,
            new.created_at
        ];
        self.execute(&INSERT, args).await.map(drop)
    }

    /// The latest feedback of every account, newest first: for the operator.
    pub async fn latest_feedback(&self, limit: u32) -> Result<Vec<Feedback>, StoreError> {
        self.read().await?.all(&LATEST, args![limit]).await?.into_iter().map(from_row).collect()
    }
}

fn from_row(row: Row) -> Result<Feedback, StoreError> {
    Ok(Feedback {
        id: row.id("id")?,
        account_id: row.id("account_id")?,
        category: row.text("category")?,
        note: row.text("note")?,
        request_id: row.opt_text("request_id")?,
        url: row.opt_text("url")?,
        tags: row.json("tags")?,
        created_at: row.time("created_at")?,
    })
}
