//! The boundary to the SIP stack: nothing outside this module and
//! [`crate::leg`] names a type of `rsipstack`.
//!
//! The stack parses, retransmits and matches transactions and dialogs. Its
//! known faults are worked round here; each place says which.

pub(crate) mod digest;
pub(crate) mod dispatch;
pub(crate) mod headers;
mod inspect;
mod limit;
mod locate;
pub(crate) mod registrar;
pub(crate) mod stack;

pub use limit::RateLimit;
pub use registrar::{Handset, RegistrarConfig};
pub use stack::StartError;
