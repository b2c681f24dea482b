//! Agents together with their numbers, in one query each: the two most asked
//! routes of the API show both.

use offhook_model::{
    agent::Agent,
    id::{AccountId, AgentId},
    number::Number,
};

use super::{COUNT, tools};
use crate::{Page, Paged, Store, StoreError, numbers, row::Row, statement::statements, value::args};

statements! {
    ONE = "SELECT a.id AS agent, a.settings AS agent_settings, a.created_at AS agent_since, n.*
        FROM agents a
        LEFT JOIN numbers n ON n.agent_id = a.id AND n.account_id = a.account_id AND n.status = 'active'
        WHERE a.account_id = $1 AND a.id = $2 ORDER BY n.attached_at, n.id";
    PAGE = "SELECT a.id AS agent, a.settings AS agent_settings, a.created_at AS agent_since, n.*,
        (SELECT COUNT(*) FROM agents WHERE account_id = $1) AS total
        FROM (SELECT id, account_id, settings, created_at FROM agents WHERE account_id = $1
            ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3) a
        LEFT JOIN numbers n ON n.agent_id = a.id AND n.account_id = a.account_id AND n.status = 'active'
        ORDER BY a.created_at DESC, a.id DESC, n.attached_at, n.id";
}

/// An agent and its numbers, first attached first.
pub type AgentWithNumbers = (Agent, Vec<Number>);

impl Store {
    /// An agent of this account with its numbers.
    pub async fn agent_with_numbers(
        &self,
        account: &AccountId,
        id: &AgentId,
    ) -> Result<Option<AgentWithNumbers>, StoreError> {
        let rows = self.read().await?.all(&ONE, args![account, id]).await?;
        Ok(grouped(account, rows)?.pop())
    }

    /// The account's agents with their numbers, newest first.
    pub async fn agents(
        &self,
        account: &AccountId,
        page: Page,
    ) -> Result<Paged<AgentWithNumbers>, StoreError> {
        let mut conn = self.read().await?;
        let rows = conn.all(&PAGE, args![account, page.limit, page.offset]).await?;
        let total = match rows.first() {
            Some(row) => row.number("total")?,
            // Beyond the end there is no row to carry it.
            None => conn.one(&COUNT, args![account]).await?.number("total")?,
        };
        Ok(Paged::new(grouped(account, rows)?, total, page))
    }
}

/// One element per agent; its rows follow each other.
fn grouped(account: &AccountId, rows: Vec<Row>) -> Result<Vec<AgentWithNumbers>, StoreError> {
    let mut agents: Vec<AgentWithNumbers> = Vec::new();
    for row in rows {
        let id: AgentId = row.id("agent")?;
        if agents.last().is_none_or(|(agent, _)| agent.id != id) {
            let settings = tools::opened(&row, "agent_settings", &id)?;
            let created_at = row.time("agent_since")?;
            agents.push((Agent { id, account_id: account.clone(), settings, created_at }, Vec::new()));
        }
        let has_number = row.opt_text("id")?.is_some();
        if let (Some((_, numbers)), true) = (agents.last_mut(), has_number) {
            numbers.push(numbers::from_row(row)?);
        }
    }
    Ok(agents)
}
