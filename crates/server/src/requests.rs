//! What surrounds every request of a documented route, in this order.
//!
//! | step | file | refuses with |
//! |---|---|---|
//! | which route, which client | [`routes`], [`client`] | |
//! | whose key | [`known`], [`identify`] | 401; 429 when an address guesses too often |
//! | how often | [`crate::limits`] | 429 |
//! | which account | [`identify`] | 404 of an unknown sub-account |
//! | once or again (POST with `Idempotency-Key`) | [`crate::idempotency`] | 409, 422 |
//! | the handler | `api/…` | |
//! | who did it (whatever is not safe) | [`crate::audit`] | |
//!
//! [`guard`] is the middleware that takes these steps.

pub mod client;
pub(crate) mod guard;
pub(crate) mod identify;
mod known;
pub(crate) mod routes;
