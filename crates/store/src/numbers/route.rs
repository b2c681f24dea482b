//! Whose call is it?

use offhook_model::{agent::Agent, e164::E164, number::Number};

use crate::{Store, StoreError, agents, numbers::from_row, statement::statements, value::args};

/// Where a call to one of our numbers goes.
#[derive(Debug, Clone, PartialEq)]
pub struct InboundRoute {
    /// The number; its `account_id` owns the call.
    pub number: Number,
    /// The agent that answers it, when one does.
    pub agent: Option<Agent>,
}

statements! {
    NUMBER = "SELECT * FROM numbers WHERE phone_number = $1 AND status = 'active'";
    AGENT = "SELECT id, account_id, settings, created_at FROM agents WHERE account_id = $1 AND id = $2";
}

impl Store {
    /// Finds the holder of a called number, whichever account it is.
    pub async fn route(&self, phone_number: &E164) -> Result<Option<InboundRoute>, StoreError> {
        let mut conn = self.read().await?;
        let Some(row) = conn.optional(&NUMBER, args![phone_number]).await? else { return Ok(None) };
        let number = from_row(row)?;
        let agent = match &number.agent_id {
            Some(id) => conn.optional(&AGENT, args![&number.account_id, id]).await?,
            None => None,
        };
        Ok(Some(InboundRoute { number, agent: agent.map(agents::from_row).transpose()? }))
    }
}
