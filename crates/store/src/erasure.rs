//! Removing what people said: by age, by thing, and by person.
//!
//! Files go before the rows that name them, so that a crash in between leaves a
//! row that is gone through again, never a file that nobody knows of. Every
//! step may be repeated. Calls and the ledger of usage keep their rows: ids,
//! times and lengths.

pub(crate) mod answers;
pub(crate) mod calls;
pub(crate) mod deliveries;
pub(crate) mod messages;
pub(crate) mod people;
pub(crate) mod records;
pub(crate) mod settings;
pub(crate) mod verify;

pub use calls::ErasableCall;
pub use deliveries::{AboutDeliveries, DeliveryCursor};
pub use messages::ErasableMessage;
pub use records::Deletion;

/// What stands where a number was.
pub const DELETED: &str = "deleted";
