//! Which agent answers a number.

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, NumberId},
    number::{Number, NumberStatus},
};

use crate::{Store, StoreError, agents, numbers::from_row, statement::statements, value::args};

/// What came of attaching a number.
#[derive(Debug, Clone, PartialEq)]
pub enum Attach {
    /// The agent has it now.
    Attached(Box<Number>),
    /// The account has no such agent.
    AgentMissing,
    /// The account never had this number.
    NumberMissing,
    /// The number was given back.
    NumberReleased,
}

statements! {
    BY_ID = "SELECT * FROM numbers WHERE account_id = $1 AND id = $2 /*pg: FOR UPDATE */";
    ATTACH = "UPDATE numbers SET agent_id = $3, attached_at = $4 WHERE account_id = $1 AND id = $2 RETURNING *";
    DETACH = "UPDATE numbers SET agent_id = NULL, attached_at = NULL
        WHERE account_id = $1 AND agent_id = $2 AND id = $3";
}

impl Store {
    /// Gives a number to an agent, taking it from any other. Attaching it to
    /// the agent that has it changes nothing, its place as caller id included.
    pub async fn attach_number(
        &self,
        account: &AccountId,
        agent: &AgentId,
        number: &NumberId,
        at: Timestamp,
    ) -> Result<Attach, StoreError> {
        let (account, agent, number) = (account.clone(), agent.clone(), number.clone());
        self.write(move |tx| {
            let (account, agent, number) = (account.clone(), agent.clone(), number.clone());
            Box::pin(async move {
                if !agents::hold(tx, &account, &agent).await? {
                    return Ok(Attach::AgentMissing);
                }
                let Some(row) = tx.optional(&BY_ID, args![&account, &number]).await? else {
                    return Ok(Attach::NumberMissing);
                };
                let held = from_row(row)?;
                if held.status == NumberStatus::Released {
                    return Ok(Attach::NumberReleased);
                }
                if held.agent_id.as_ref() == Some(&agent) {
                    return Ok(Attach::Attached(Box::new(held)));
                }
                let row = tx.one(&ATTACH, args![&account, &number, &agent, at]).await?;
                Ok(Attach::Attached(Box::new(from_row(row)?)))
            })
        })
        .await
    }

    /// Takes a number from an agent; false when it was not on that agent.
    pub async fn detach_number(
        &self,
        account: &AccountId,
        agent: &AgentId,
        number: &NumberId,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(&DETACH, args![account, agent, number]).await? == 1)
    }
}
