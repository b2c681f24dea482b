//! Agents.

pub(crate) mod tools;
pub(crate) mod with_numbers;

use std::sync::Arc;

use offhook_model::{
    agent::{Agent, AgentSettings},
    id::{AccountId, AgentId},
};

use crate::{
    Store, StoreError, conn::Conn, conversations::counts, row::Row, statement::statements, value::args,
};

statements! {
    INSERT = "INSERT INTO agents (id, account_id, name, voice_mode, settings, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    BY_ID = "SELECT id, account_id, settings, created_at FROM agents WHERE account_id = $1 AND id = $2";
    BY_ID_LOCKED = "SELECT id, account_id, settings, created_at FROM agents
        WHERE account_id = $1 AND id = $2 /*pg: FOR UPDATE */";
    OLDEST = "SELECT id, account_id, settings, created_at FROM agents WHERE account_id = $1
        ORDER BY created_at, id LIMIT 1";
    COUNT = "SELECT COUNT(*) AS total FROM agents WHERE account_id = $1";
    UPDATE = "UPDATE agents SET name = $3, voice_mode = $4, settings = $5 WHERE account_id = $1 AND id = $2";
    DELETE = "DELETE FROM agents WHERE account_id = $1 AND id = $2";
    FREE_NUMBERS = "UPDATE numbers SET agent_id = NULL, attached_at = NULL WHERE account_id = $1 AND agent_id = $2";
    FREE_CALLS = "UPDATE calls SET agent_id = NULL WHERE account_id = $1 AND agent_id = $2";
    FREE_CONVERSATIONS = "UPDATE conversations SET agent_id = NULL WHERE account_id = $1 AND agent_id = $2";
    KEEP_NAME = "INSERT INTO deleted_agents (id, account_id, name) VALUES ($2, $1, $3)";
    DROP_WEBHOOK = "DELETE FROM webhooks WHERE account_id = $1 AND scope = $2";
}

impl Store {
    /// Stores a new agent.
    pub async fn create_agent(&self, agent: &Agent) -> Result<(), StoreError> {
        let agent = agent.clone();
        self.write(move |tx| {
            let agent = agent.clone();
            Box::pin(async move { insert(tx, &agent).await })
        })
        .await
        .map(drop)
    }

    /// An agent of this account.
    pub async fn agent(&self, account: &AccountId, id: &AgentId) -> Result<Option<Agent>, StoreError> {
        self.read().await?.optional(&BY_ID, args![account, id]).await?.map(from_row).transpose()
    }

    /// The account's first agent, which test events name.
    pub async fn oldest_agent(&self, account: &AccountId) -> Result<Option<Agent>, StoreError> {
        self.read().await?.optional(&OLDEST, args![account]).await?.map(from_row).transpose()
    }

    /// Replaces an agent's settings; false when it is unknown.
    pub async fn update_agent(
        &self,
        account: &AccountId,
        id: &AgentId,
        settings: &AgentSettings,
    ) -> Result<bool, StoreError> {
        let (account, id, settings) = (account.clone(), id.clone(), settings.clone());
        self.write(move |tx| {
            let (account, id, settings) = (account.clone(), id.clone(), settings.clone());
            Box::pin(async move { update(tx, &account, &id, &settings).await })
        })
        .await
        .map(|rows| rows == 1)
    }

    /// Changes an agent's settings from what they are: reading, `edit` and
    /// writing are one transaction, so two PATCHes never lose each other's
    /// fields. Nothing is written when `edit` refuses; none when the agent is
    /// unknown. `edit` may run more than once.
    pub async fn edit_agent<R, F>(
        &self,
        account: &AccountId,
        id: &AgentId,
        edit: F,
    ) -> Result<Option<Result<Agent, R>>, StoreError>
    where
        R: Send + 'static,
        F: Fn(AgentSettings) -> Result<AgentSettings, R> + Send + Sync + 'static,
    {
        let (account, id, edit) = (account.clone(), id.clone(), Arc::new(edit));
        self.write(move |tx| {
            let (account, id, edit) = (account.clone(), id.clone(), Arc::clone(&edit));
            Box::pin(async move {
                let Some(row) = tx.optional(&BY_ID_LOCKED, args![&account, &id]).await? else {
                    return Ok(None);
                };
                let mut agent = from_row(row)?;
                match edit(agent.settings) {
                    Ok(settings) => agent.settings = settings,
                    Err(refusal) => return Ok(Some(Err(refusal))),
                }
                update(tx, &account, &id, &agent.settings).await?;
                Ok(Some(Ok(agent)))
            })
        })
        .await
    }

    /// Deletes an agent and its webhook. Its numbers, conversations and calls
    /// stay, without an agent, and its name for usage reports. None when it is unknown.
    pub async fn delete_agent(&self, account: &AccountId, id: &AgentId) -> Result<Option<Agent>, StoreError> {
        let (account, id) = (account.clone(), id.clone());
        self.write(move |tx| {
            let (account, id) = (account.clone(), id.clone());
            Box::pin(async move {
                let Some(row) = tx.optional(&BY_ID_LOCKED, args![&account, &id]).await? else {
                    return Ok(None);
                };
                let agent = from_row(row)?;
                tx.execute(&KEEP_NAME, args![&account, &id, &agent.settings.name]).await?;
                for statement in [&FREE_NUMBERS, &FREE_CALLS, &FREE_CONVERSATIONS, &DROP_WEBHOOK, &DELETE] {
                    tx.execute(statement, args![&account, &id]).await?;
                }
                counts::orphaned(tx, &account, &id).await?;
                Ok(Some(agent))
            })
        })
        .await
    }
}

/// Stores an agent as part of something larger.
pub(crate) async fn insert(tx: &mut Conn, agent: &Agent) -> Result<u64, StoreError> {
    let settings = &agent.settings;
    let json = tools::sealed(tx, &agent.id, settings).await?;
    let args = args![
        &agent.id,
        &agent.account_id,
        &settings.name,
        settings.voice_mode.as_str(),
        json,
        agent.created_at
    ];
    tx.execute(&INSERT, args).await
}

async fn update(
    tx: &mut Conn,
    account: &AccountId,
    id: &AgentId,
    settings: &AgentSettings,
) -> Result<u64, StoreError> {
    let json = tools::sealed(tx, id, settings).await?;
    let args = args![account, id, &settings.name, settings.voice_mode.as_str(), json];
    tx.execute(&UPDATE, args).await
}

/// Whether the account has this agent; locks it until the transaction ends,
/// so that it cannot be deleted meanwhile.
pub(crate) async fn hold(tx: &mut Conn, account: &AccountId, id: &AgentId) -> Result<bool, StoreError> {
    Ok(tx.optional(&BY_ID_LOCKED, args![account, id]).await?.is_some())
}

pub(crate) fn from_row(row: Row) -> Result<Agent, StoreError> {
    let id = row.id("id")?;
    Ok(Agent {
        settings: tools::opened(&row, "settings", &id)?,
        id,
        account_id: row.id("account_id")?,
        created_at: row.time("created_at")?,
    })
}
