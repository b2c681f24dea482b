//! Which number a message leaves from (contract `messaging-behaviour.md` §2).

use offhook_model::{
    address::Address,
    e164::E164,
    id::{AccountId, AgentId, NumberId},
    number::{Number, NumberStatus},
};

use crate::{api::v1::agents, app::App, error::ApiError};

/// What names the sender. `from_number` wins over `number_id`, that over
/// `agent_id`; what does not win is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sender {
    /// An agent: its first attached number.
    pub agent_id: Option<AgentId>,
    /// A number's id.
    pub number_id: Option<NumberId>,
    /// A number.
    pub from_number: Option<E164>,
}

impl Sender {
    /// An agent's first attached number.
    #[must_use]
    pub fn agent(id: AgentId) -> Self {
        Self { agent_id: Some(id), ..Self::default() }
    }

    /// This number.
    #[must_use]
    pub fn number(id: NumberId) -> Self {
        Self { number_id: Some(id), ..Self::default() }
    }
}

/// The number a message to these recipients leaves from.
///
/// # Errors
/// 404 for an agent or number that is unknown or another's, 400 for a
/// released number and an agent without one.
pub async fn resolve(
    app: &App,
    account: &AccountId,
    sender: &Sender,
    to: &[Address],
) -> Result<Number, ApiError> {
    let store = app.store();
    if let Some(from) = &sender.from_number {
        let number = store.number_called(account, from).await?.ok_or_else(ApiError::number_not_found)?;
        return held(number);
    }
    if let Some(id) = &sender.number_id {
        let number = store.number(account, id).await?.ok_or_else(ApiError::number_not_found)?;
        return held(number);
    }
    let Some(id) = &sender.agent_id else {
        return Err(ApiError::bad_request("Name a sender: from_number, number_id or agent_id"));
    };
    store.agent(account, id).await?.ok_or_else(agents::unknown)?;
    let numbers = store.agent_numbers(account, id).await?;
    // A group is known to one number only; the agent may have others.
    if let [Address::Group(group)] = to
        && let Some(thread) = store.group(account, group).await?
        && let Some(number) = numbers.iter().find(|number| number.id == thread.number_id)
    {
        return Ok(number.clone());
    }
    numbers.into_iter().next().ok_or_else(|| ApiError::bad_request("The agent has no phone number"))
}

fn held(number: Number) -> Result<Number, ApiError> {
    if number.status == NumberStatus::Active {
        return Ok(number);
    }
    Err(released())
}

/// The refusal of numbers that were given back.
pub(crate) fn released() -> ApiError {
    ApiError::bad_request("Phone number has been released")
}
