//! Message templates of WhatsApp business accounts.

use offhook_model::{
    Timestamp,
    id::{AccountId, TemplateId, WhatsappConnectionId},
    whatsapp::{TemplateCategory, TemplateStatus},
};
use serde_json::Value as Json;

use crate::{
    Store, StoreError,
    row::{Row, to_json},
    statement::statements,
    value::args,
};

/// Most templates one business account may have, as WhatsApp has it.
pub const MAX_TEMPLATES: u32 = 250;

/// A message that may open a conversation, once WhatsApp approved it.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatsappTemplate {
    /// Its id; `hsm_id` of the API.
    pub id: TemplateId,
    /// Its owner.
    pub account_id: AccountId,
    /// The business account it belongs to.
    pub connection_id: WhatsappConnectionId,
    /// Its name; together with the language it is unique.
    pub name: String,
    /// E.g. `en_US`.
    pub language: String,
    /// What it is for.
    pub category: TemplateCategory,
    /// Whether it may be sent.
    pub status: TemplateStatus,
    /// Why it was rejected.
    pub rejected_reason: Option<String>,
    /// Components and the rest, as the owner sent them.
    pub body: Json,
    /// When it was submitted.
    pub created_at: Timestamp,
}

/// Which templates a list holds; what is none does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateFilter {
    /// Exactly this name.
    pub name: Option<String>,
    /// This status.
    pub status: Option<TemplateStatus>,
    /// This category.
    pub category: Option<TemplateCategory>,
    /// This language.
    pub language: Option<String>,
}

/// What came of storing a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewTemplate {
    /// It is stored.
    Stored,
    /// The connection has one of this name and language.
    Duplicate,
    /// The connection has [`MAX_TEMPLATES`].
    Full,
    /// The account has no such connection.
    ConnectionMissing,
}

statements! {
    HOLD = "SELECT id FROM whatsapp_connections WHERE account_id = $1 AND id = $2 /*pg: FOR UPDATE */";
    COUNT = "SELECT COUNT(*) AS held FROM whatsapp_templates WHERE connection_id = $1";
    INSERT = "INSERT INTO whatsapp_templates
        (id, account_id, connection_id, name, language, category, status, rejected_reason, body, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (connection_id, name, language) DO NOTHING";
    LIST = "SELECT * FROM whatsapp_templates WHERE account_id = $1 AND connection_id = $2
        AND (CAST($3 AS TEXT) IS NULL OR name = $3) AND (CAST($4 AS TEXT) IS NULL OR status = $4)
        AND (CAST($5 AS TEXT) IS NULL OR category = $5) AND (CAST($6 AS TEXT) IS NULL OR language = $6)
        ORDER BY created_at, id";
    JUDGE = "UPDATE whatsapp_templates SET status = $3, rejected_reason = $4
        WHERE account_id = $1 AND id = $2 AND status = 'PENDING'";
    DELETE = "DELETE FROM whatsapp_templates WHERE account_id = $1 AND connection_id = $2 AND name = $3
        AND (CAST($4 AS TEXT) IS NULL OR id = $4)";
}

impl Store {
    /// Stores a submitted template.
    pub async fn create_whatsapp_template(
        &self,
        template: &WhatsappTemplate,
    ) -> Result<NewTemplate, StoreError> {
        let (account, connection) = (template.account_id.clone(), template.connection_id.clone());
        let args = args![
            &template.id,
            &template.account_id,
            &template.connection_id,
            &template.name,
            &template.language,
            template.category.as_str(),
            template.status.as_str(),
            template.rejected_reason.clone(),
            to_json(&template.body)?,
            template.created_at
        ];
        self.write(move |tx| {
            let (account, connection, args) = (account.clone(), connection.clone(), args.clone());
            Box::pin(async move {
                if tx.optional(&HOLD, args![&account, &connection]).await?.is_none() {
                    return Ok(NewTemplate::ConnectionMissing);
                }
                let held: u32 = tx.one(&COUNT, args![&connection]).await?.number("held")?;
                if held >= MAX_TEMPLATES {
                    return Ok(NewTemplate::Full);
                }
                let stored = tx.execute(&INSERT, args).await? == 1;
                Ok(if stored { NewTemplate::Stored } else { NewTemplate::Duplicate })
            })
        })
        .await
    }

    /// Templates of a connection, oldest first.
    pub async fn whatsapp_templates(
        &self,
        account: &AccountId,
        connection: &WhatsappConnectionId,
        filter: &TemplateFilter,
    ) -> Result<Vec<WhatsappTemplate>, StoreError> {
        let args = args![
            account,
            connection,
            filter.name.clone(),
            filter.status.map(|status| status.as_str().to_owned()),
            filter.category.map(|category| category.as_str().to_owned()),
            filter.language.clone()
        ];
        self.read().await?.all(&LIST, args).await?.iter().map(from_row).collect()
    }

    /// Writes down what WhatsApp said of a pending template.
    pub async fn judge_whatsapp_template(
        &self,
        account: &AccountId,
        id: &TemplateId,
        status: TemplateStatus,
        rejected_reason: Option<String>,
    ) -> Result<(), StoreError> {
        self.execute(&JUDGE, args![account, id, status.as_str(), rejected_reason]).await.map(drop)
    }

    /// Removes a template in all its languages, or with `id` one of them;
    /// answers how many there were.
    pub async fn delete_whatsapp_templates(
        &self,
        account: &AccountId,
        connection: &WhatsappConnectionId,
        name: &str,
        id: Option<&TemplateId>,
    ) -> Result<u64, StoreError> {
        self.execute(&DELETE, args![account, connection, name, id]).await
    }
}

fn from_row(row: &Row) -> Result<WhatsappTemplate, StoreError> {
    Ok(WhatsappTemplate {
        id: row.id("id")?,
        account_id: row.id("account_id")?,
        connection_id: row.id("connection_id")?,
        name: row.text("name")?,
        language: row.text("language")?,
        category: row.word("category", TemplateCategory::from_word)?,
        status: row.word("status", TemplateStatus::from_word)?,
        rejected_reason: row.opt_text("rejected_reason")?,
        body: row.json("body")?,
        created_at: row.time("created_at")?,
    })
}
