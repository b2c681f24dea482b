//! Message threads.

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, ConversationId, NumberId},
    message::Network,
};
use serde_json::Value as Json;

use crate::{
    Store, StoreError,
    row::{Row, to_json},
    statement::{Statement, statements},
    value::{Value, args},
};

pub(crate) mod counts;
pub(crate) mod list;
pub(crate) mod strangers;

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
    METADATA = "SELECT metadata FROM conversations WHERE account_id = $1 AND number_id = $2
        AND network = 'native' AND participant = $3";
    BY_ID = "SELECT * FROM conversations WHERE account_id = $1 AND id = $2";
    SET_METADATA = "UPDATE conversations SET metadata = $3 WHERE account_id = $1 AND id = $2 RETURNING *";
    SET_NAME = "UPDATE conversations SET group_name = $3 WHERE account_id = $1 AND id = $2 AND is_group = TRUE
        RETURNING *";
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
        let (account, agent, number) = (new.account_id.clone(), new.agent_id.clone(), new.number_id.clone());
        self.write(move |tx| {
            let (account, agent, number, args) =
                (account.clone(), agent.clone(), number.clone(), args.clone());
            Box::pin(async move {
                tx.execute(&INSERT, args).await?;
                counts::begun(tx, &account, agent.as_ref(), &number).await
            })
        })
        .await
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

    /// A thread of this account.
    pub async fn conversation(
        &self,
        account: &AccountId,
        id: &ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        self.read().await?.optional(&BY_ID, args![account, id]).await?.map(from_row).transpose()
    }

    /// Replaces the owner's data of a thread, or clears it; none when the
    /// account has no such thread.
    pub async fn set_thread_metadata(
        &self,
        account: &AccountId,
        id: &ConversationId,
        metadata: Option<Json>,
    ) -> Result<Option<Conversation>, StoreError> {
        let metadata = metadata.as_ref().map(to_json).transpose()?;
        self.change(&SET_METADATA, args![account, id, metadata]).await
    }

    /// Renames a group's thread; none when the account has no such group.
    pub async fn rename_group(
        &self,
        account: &AccountId,
        id: &ConversationId,
        name: &str,
    ) -> Result<Option<Conversation>, StoreError> {
        self.change(&SET_NAME, args![account, id, name]).await
    }

    async fn change(
        &self,
        statement: &'static Statement,
        args: Vec<Value>,
    ) -> Result<Option<Conversation>, StoreError> {
        self.write(move |tx| {
            let args = args.clone();
            Box::pin(async move { tx.optional(statement, args).await?.map(from_row).transpose() })
        })
        .await
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
