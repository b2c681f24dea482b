//! Message threads.

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, ConversationId, NumberId},
    message::Network,
};
use serde_json::Value as Json;

use crate::{
    Page, Paged, Store, StoreError,
    row::{Row, to_json},
    statement::statements,
    value::args,
};

/// A thread as lists show it (contract §7.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its owner.
    pub account_id: AccountId,
    /// The agent of its number, once.
    pub agent_id: Option<AgentId>,
    /// Our number's id.
    pub number_id: NumberId,
    /// Our number.
    pub phone_number: String,
    /// The other side: a number, or a group's id.
    pub participant: String,
    /// `sms`, `mms`, `imessage`, `whatsapp`, `rcs`.
    pub channel: String,
    /// Whether it has several participants.
    pub is_group: bool,
    /// `grp_…`.
    pub group_id: Option<String>,
    /// The group's name.
    pub group_name: Option<String>,
    /// The group's picture.
    pub group_icon_url: Option<String>,
    /// `[{"identifier", "name"}]` of a group.
    pub participants: Option<Json>,
    /// When the last message came or went; creation, without one.
    pub last_message_at: Timestamp,
    /// How the last message begins; empty without one.
    pub last_message_preview: String,
    /// Messages in it.
    pub message_count: u32,
    /// The owner's data.
    pub metadata: Option<Json>,
    /// When the other side last wrote.
    pub last_inbound_at: Option<Timestamp>,
    /// The group as its carrier names it.
    pub carrier_group: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
}

impl Conversation {
    /// Its network: WhatsApp's threads are kept apart.
    #[must_use]
    pub fn network(&self) -> Network {
        if self.channel == Network::Whatsapp.as_str() { Network::Whatsapp } else { Network::Native }
    }
}

statements! {
    INSERT = "INSERT INTO conversations (id, account_id, agent_id, number_id, phone_number, participant, channel,
        is_group, group_id, group_name, group_icon_url, participants, last_message_at, last_message_preview,
        message_count, metadata, created_at, network, last_inbound_at, carrier_group)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    LIST = "SELECT * FROM conversations WHERE account_id = $1 AND (CAST($2 AS TEXT) IS NULL OR agent_id = $2)
        ORDER BY last_message_at DESC, id DESC LIMIT $3 OFFSET $4";
    METADATA = "SELECT metadata FROM conversations WHERE account_id = $1 AND number_id = $2
        AND network = 'native' AND participant = $3";
    COUNT = "SELECT COUNT(*) AS total FROM conversations
        WHERE account_id = $1 AND (CAST($2 AS TEXT) IS NULL OR agent_id = $2)";
}

impl Store {
    /// Stores a new thread.
    pub async fn create_conversation(&self, new: &Conversation) -> Result<(), StoreError> {
        let args = args![
            &new.id,
            &new.account_id,
            new.agent_id.as_ref(),
            &new.number_id,
            &new.phone_number,
            &new.participant,
            &new.channel,
            new.is_group,
            new.group_id.clone(),
            new.group_name.clone(),
            new.group_icon_url.clone(),
            new.participants.as_ref().map(to_json).transpose()?,
            new.last_message_at,
            &new.last_message_preview,
            new.message_count,
            new.metadata.as_ref().map(to_json).transpose()?,
            new.created_at,
            new.network().as_str(),
            new.last_inbound_at,
            new.carrier_group.clone()
        ];
        self.execute(&INSERT, args).await.map(drop)
    }

    /// The owner's data of the thread between a number and another one; of
    /// texts and iMessages, not of WhatsApp.
    pub async fn thread_metadata(
        &self,
        account: &AccountId,
        number: &NumberId,
        participant: &str,
    ) -> Result<Option<Json>, StoreError> {
        let row = self.read().await?.optional(&METADATA, args![account, number, participant]).await?;
        Ok(row.map(|row| row.opt_json("metadata")).transpose()?.flatten())
    }

    /// The account's threads, or one agent's; last active first.
    pub async fn conversations(
        &self,
        account: &AccountId,
        agent: Option<&AgentId>,
        page: Page,
    ) -> Result<Paged<Conversation>, StoreError> {
        let mut conn = self.read().await?;
        let total = conn.one(&COUNT, args![account, agent]).await?.number("total")?;
        let rows = conn.all(&LIST, args![account, agent, page.limit, page.offset]).await?;
        Ok(Paged::new(rows.into_iter().map(from_row).collect::<Result<_, _>>()?, total, page))
    }
}

pub(crate) fn from_row(row: Row) -> Result<Conversation, StoreError> {
    Ok(Conversation {
        id: row.id("id")?,
        account_id: row.id("account_id")?,
        agent_id: row.opt_id("agent_id")?,
        number_id: row.id("number_id")?,
        phone_number: row.text("phone_number")?,
        participant: row.text("participant")?,
        channel: row.text("channel")?,
        is_group: row.flag("is_group")?,
        group_id: row.opt_text("group_id")?,
        group_name: row.opt_text("group_name")?,
        group_icon_url: row.opt_text("group_icon_url")?,
        participants: row.opt_json("participants")?,
        last_message_at: row.time("last_message_at")?,
        last_message_preview: row.text("last_message_preview")?,
        message_count: row.number("message_count")?,
        metadata: row.opt_json("metadata")?,
        last_inbound_at: row.opt_time("last_inbound_at")?,
        carrier_group: row.opt_text("carrier_group")?,
        created_at: row.time("created_at")?,
    })
}
