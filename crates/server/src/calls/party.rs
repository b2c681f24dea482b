//! What the account knows of the other side of a call: its entry in the
//! address book, and the metadata of its message thread.

use offhook_model::{
    call::Direction,
    id::{AccountId, NumberId},
    webhook::EventContact,
};
use offhook_store::{Store, StoreError};
use serde_json::Value;

/// The other side of a call as events and plans show it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Party {
    /// `contact` (webhooks.md §4.2, §4.3).
    pub contact: Option<EventContact>,
    /// `conversationState` (webhooks.md §3).
    pub conversation_state: Option<Value>,
}

/// Who is not us in a call; none in a browser's.
#[must_use]
pub fn other_side<'a>(direction: Direction, from: &'a str, to: &'a str) -> Option<&'a str> {
    match direction {
        Direction::Inbound => Some(from),
        Direction::Outbound => Some(to),
        Direction::Web => None,
    }
}

/// Looks the other side up.
///
/// # Errors
/// What the store answered.
pub async fn look_up(
    store: &Store,
    account: &AccountId,
    number: Option<&NumberId>,
    other: Option<&str>,
) -> Result<Party, StoreError> {
    let Some(other) = other else { return Ok(Party::default()) };
    let contact = store.contact_by_number(account, other).await?.map(EventContact::from);
    let conversation_state = match number {
        Some(number) => store.thread_metadata(account, number, other).await?,
        None => None,
    };
    Ok(Party { contact, conversation_state })
}
