//! How many threads there are, per agent and number: what lists answer as
//! their total without counting a million rows.
//!
//! Every transaction that begins a thread or gives it to another agent changes
//! the counts with it.

use offhook_model::id::{AccountId, AgentId, NumberId};

use crate::{StoreError, conn::Conn, statement::statements, value::args};

statements! {
    ADD = "INSERT INTO thread_counts (account_id, agent_id, number_id, threads) VALUES ($1, $2, $3, $4)
        ON CONFLICT (account_id, agent_id, number_id)
        DO UPDATE SET threads = thread_counts.threads + excluded.threads";
    ALL_OF = "SELECT CAST(COALESCE(SUM(threads), 0) AS BIGINT) AS total FROM thread_counts WHERE account_id = $1";
    OF_AGENT = "SELECT CAST(COALESCE(SUM(threads), 0) AS BIGINT) AS total FROM thread_counts
        WHERE account_id = $1 AND agent_id = $2";
    ORPHAN = "INSERT INTO thread_counts (account_id, agent_id, number_id, threads)
        SELECT account_id, '', number_id, threads FROM thread_counts WHERE account_id = $1 AND agent_id = $2
        ON CONFLICT (account_id, agent_id, number_id)
        DO UPDATE SET threads = thread_counts.threads + excluded.threads";
    FORGET = "DELETE FROM thread_counts WHERE account_id = $1 AND agent_id = $2";
}

/// A thread of this agent began.
pub(crate) async fn begun(
    tx: &mut Conn,
    account: &AccountId,
    agent: Option<&AgentId>,
    number: &NumberId,
) -> Result<(), StoreError> {
    add(tx, account, agent, number, 1).await
}

/// A thread of this agent that had just begun is taken back.
pub(crate) async fn undone(
    tx: &mut Conn,
    account: &AccountId,
    agent: Option<&AgentId>,
    number: &NumberId,
) -> Result<(), StoreError> {
    add(tx, account, agent, number, -1).await
}

/// A thread goes from one agent to another. The rows are locked in one order,
/// whichever way it goes.
pub(crate) async fn moved(
    tx: &mut Conn,
    account: &AccountId,
    number: &NumberId,
    from: Option<&AgentId>,
    to: Option<&AgentId>,
) -> Result<(), StoreError> {
    let mut changes = [(from, -1), (to, 1)];
    changes.sort();
    for (agent, by) in changes {
        add(tx, account, agent, number, by).await?;
    }
    Ok(())
}

/// An agent is deleted: its threads have none.
pub(crate) async fn orphaned(tx: &mut Conn, account: &AccountId, agent: &AgentId) -> Result<(), StoreError> {
    tx.execute(&ORPHAN, args![account, agent]).await?;
    tx.execute(&FORGET, args![account, agent]).await.map(drop)
}

/// The account's threads, or one agent's.
pub(crate) async fn total(
    conn: &mut Conn,
    account: &AccountId,
    agent: Option<&AgentId>,
) -> Result<u64, StoreError> {
    let row = match agent {
        Some(agent) => conn.one(&OF_AGENT, args![account, agent]).await?,
        None => conn.one(&ALL_OF, args![account]).await?,
    };
    row.number("total")
}

async fn add(
    tx: &mut Conn,
    account: &AccountId,
    agent: Option<&AgentId>,
    number: &NumberId,
    by: i64,
) -> Result<(), StoreError> {
    let agent = agent.map_or("", AgentId::as_str);
    tx.execute(&ADD, args![account, agent, number, by]).await.map(drop)
}
