//! How often: rate limits per API key and route (contract `errors-and-limits.md` §4).
//!
//! [`Rates`] is what the operator allows, [`Limiter`] counts. Counting is in
//! memory: each process counts for itself, and a restart begins anew.

mod buckets;
mod headers;
mod limiter;
mod rates;

pub(crate) use headers::Standing;
pub(crate) use limiter::{Limiter, Subject};
pub use rates::{Fault, Rate, Rates};
