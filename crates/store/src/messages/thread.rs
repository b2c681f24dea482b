//! Which thread a message belongs to, and what the thread shows of it.

use offhook_model::{
    id::{AccountId, AgentId, ConversationId, GroupId, NumberId},
    message::{Message, MessageDirection, Network, preview},
};
use serde_json::Value as Json;

use crate::{
    Conversation, Store, StoreError,
    conn::Conn,
    conversations::{self, counts},
    row::to_json,
    statement::statements,
    value::args,
};

/// What makes a thread (contract `messaging-behaviour.md` §4): our number, the
/// network, the other side.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadKey {
    /// Whose number.
    pub account_id: AccountId,
    /// Our number's id.
    pub number_id: NumberId,
    /// Our number.
    pub phone_number: String,
    /// The network.
    pub network: Network,
    /// The other side.
    pub with: With,
    /// The id of the thread, should it begin now.
    pub new_id: ConversationId,
}

/// The other side of a thread.
#[derive(Debug, Clone, PartialEq)]
pub enum With {
    /// A person, by number, short code or mail address.
    Person(String),
    /// A group we have a thread with.
    Group(GroupId),
    /// A group that is new, or that its carrier told of.
    CarrierGroup {
        /// The carrier's name of it; none when we are making it.
        carrier_group: Option<String>,
        /// Its id here, should it be new.
        new_id: GroupId,
        /// Its name, when told.
        name: Option<String>,
        /// Its picture, when told.
        icon_url: Option<String>,
        /// `[{"identifier", "name"}]`.
        participants: Json,
    },
}

statements! {
    OPEN = "INSERT INTO conversations (id, account_id, agent_id, number_id, phone_number, participant, channel,
        is_group, group_id, group_name, group_icon_url, participants, last_message_at, last_message_preview,
        message_count, created_at, network, carrier_group)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '', 0, $13, $14, $15)
        ON CONFLICT DO NOTHING";
    BY_KEY = "SELECT * FROM conversations WHERE account_id = $1 AND number_id = $2 AND network = $3
        AND participant = $4 /*pg: FOR UPDATE */";
    BY_CARRIER_GROUP = "SELECT * FROM conversations WHERE account_id = $1 AND number_id = $2
        AND carrier_group = $3 /*pg: FOR UPDATE */";
    REGROUP = "UPDATE conversations SET group_name = COALESCE($3, group_name),
        group_icon_url = COALESCE($4, group_icon_url), participants = $5
        WHERE account_id = $1 AND id = $2";
    TOUCH = "UPDATE conversations SET agent_id = $3, channel = $4, last_message_preview = $5,
        message_count = message_count + 1,
        last_message_at = CASE WHEN last_message_at < $6 THEN CAST($6 AS BIGINT) ELSE last_message_at END,
        last_inbound_at = CASE WHEN $7 AND (last_inbound_at IS NULL OR last_inbound_at < $6)
            THEN CAST($6 AS BIGINT) ELSE last_inbound_at END
        WHERE account_id = $1 AND id = $2 RETURNING *";
    HELD = "SELECT agent_id FROM numbers WHERE account_id = $1 AND id = $2 AND status = 'active' /*pg: FOR SHARE */";
    UNDO = "DELETE FROM conversations WHERE id = $1 AND message_count = 0";
    NAME_GROUP = "UPDATE conversations SET carrier_group = $2 WHERE id = $1 AND carrier_group IS NULL";
    GROUP = "SELECT * FROM conversations WHERE account_id = $1 AND group_id = $2";
    CARRIER_GROUP = "SELECT * FROM conversations WHERE account_id = $1 AND number_id = $2 AND carrier_group = $3";
    WITH = "SELECT * FROM conversations WHERE account_id = $1 AND number_id = $2 AND network = $3
        AND participant = $4";
}

impl Store {
    /// The thread of a group, by its `grp_` id.
    pub async fn group(&self, account: &AccountId, id: &GroupId) -> Result<Option<Conversation>, StoreError> {
        let row = self.read().await?.optional(&GROUP, args![account, id]).await?;
        row.map(conversations::from_row).transpose()
    }

    /// The thread of a group of a number, by its carrier's name of it.
    pub async fn carrier_group(
        &self,
        account: &AccountId,
        number: &NumberId,
        name: &str,
    ) -> Result<Option<Conversation>, StoreError> {
        let row = self.read().await?.optional(&CARRIER_GROUP, args![account, number, name]).await?;
        row.map(conversations::from_row).transpose()
    }

    /// The thread of a number with a person, or with a group by its `grp_` id.
    pub async fn thread(
        &self,
        account: &AccountId,
        number: &NumberId,
        network: Network,
        participant: &str,
    ) -> Result<Option<Conversation>, StoreError> {
        let args = args![account, number, network.as_str(), participant];
        self.read().await?.optional(&WITH, args).await?.map(conversations::from_row).transpose()
    }
}

/// Finds the thread or begins it, and locks it until the transaction ends.
/// None for a group that has no thread.
pub(crate) async fn open(
    tx: &mut Conn,
    key: &ThreadKey,
    message: &Message,
) -> Result<Option<Conversation>, StoreError> {
    match &key.with {
        With::Person(person) => {
            begin(tx, key, message, person, None).await?;
            by_key(tx, key, person).await
        }
        With::Group(id) => by_key(tx, key, id.as_str()).await,
        With::CarrierGroup { carrier_group, new_id, name, icon_url, participants } => {
            begin(tx, key, message, new_id.as_str(), Some(&key.with)).await?;
            let Some(carrier_group) = carrier_group else {
                return by_key(tx, key, new_id.as_str()).await;
            };
            let args = args![&key.account_id, &key.number_id, carrier_group];
            let Some(row) = tx.optional(&BY_CARRIER_GROUP, args).await? else { return Ok(None) };
            let thread = conversations::from_row(row)?;
            let args =
                args![&key.account_id, &thread.id, name.clone(), icon_url.clone(), to_json(participants)?];
            tx.execute(&REGROUP, args).await?;
            Ok(Some(thread))
        }
    }
}

async fn begin(
    tx: &mut Conn,
    key: &ThreadKey,
    message: &Message,
    participant: &str,
    group: Option<&With>,
) -> Result<(), StoreError> {
    let (group_id, name, icon_url, participants, carrier_group) = match group {
        Some(With::CarrierGroup { carrier_group, new_id, name, icon_url, participants }) => (
            Some(new_id),
            name.clone(),
            icon_url.clone(),
            Some(to_json(participants)?),
            carrier_group.clone(),
        ),
        _ => (None, None, None, None, None),
    };
    let args = args![
        &key.new_id,
        &key.account_id,
        message.agent_id.as_ref(),
        &key.number_id,
        &key.phone_number,
        participant,
        message.channel.as_str(),
        group_id.is_some(),
        group_id,
        name,
        icon_url,
        participants,
        message.at,
        key.network.as_str(),
        carrier_group
    ];
    if tx.execute(&OPEN, args).await? == 1 {
        counts::begun(tx, &key.account_id, message.agent_id.as_ref(), &key.number_id).await?;
    }
    Ok(())
}

async fn by_key(
    tx: &mut Conn,
    key: &ThreadKey,
    participant: &str,
) -> Result<Option<Conversation>, StoreError> {
    let args = args![&key.account_id, &key.number_id, key.network.as_str(), participant];
    tx.optional(&BY_KEY, args).await?.map(conversations::from_row).transpose()
}

/// Counts a message and shows it as the thread's latest; the thread follows
/// the number's agent, away from `agent`. The thread as it is then.
pub(crate) async fn touch(
    tx: &mut Conn,
    message: &Message,
    agent: Option<&AgentId>,
) -> Result<Conversation, StoreError> {
    if agent != message.agent_id.as_ref() {
        let (account, number) = (&message.account_id, &message.number_id);
        counts::moved(tx, account, number, agent, message.agent_id.as_ref()).await?;
    }
    let args = args![
        &message.account_id,
        &message.conversation_id,
        message.agent_id.as_ref(),
        message.channel.as_str(),
        preview(&message.body, !message.media.is_empty()),
        message.at,
        message.direction == MessageDirection::Inbound
    ];
    conversations::from_row(tx.one(&TOUCH, args).await?)
}

/// Takes back a thread that [`open`] began for a message that is not stored
/// after all; one that was there before stays.
pub(crate) async fn undo(tx: &mut Conn, key: &ThreadKey, message: &Message) -> Result<(), StoreError> {
    if message.conversation_id == key.new_id {
        tx.execute(&UNDO, args![&key.new_id]).await?;
        counts::undone(tx, &key.account_id, message.agent_id.as_ref(), &key.number_id).await?;
    }
    Ok(())
}

/// Keeps the name a carrier gave a group of ours.
pub(crate) async fn name_group(
    tx: &mut Conn,
    conversation: &ConversationId,
    carrier_group: &str,
) -> Result<(), StoreError> {
    tx.execute(&NAME_GROUP, args![conversation, carrier_group]).await.map(drop)
}

/// The number as the transaction finds it: its agent, while it is held. It
/// cannot be released until the transaction ends.
pub(crate) async fn hold_number(
    tx: &mut Conn,
    account: &AccountId,
    number: &NumberId,
) -> Result<Option<Option<AgentId>>, StoreError> {
    tx.optional(&HELD, args![account, number]).await?.map(|row| row.opt_id("agent_id")).transpose()
}
