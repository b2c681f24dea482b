//! Reading requests: every fault of a body or query is found in one pass.
//!
//! A request shape is a struct (the one the OpenAPI document shows) with
//! [`Read`]: it takes its fields from [`Fields`] one by one, each with a
//! [`Rule`]. The extractors [`Input`] (JSON body) and [`Query`] run it and
//! turn the faults into one 422.
//!
//! ```
//! use offhook_server::input::{Fields, Read, rules};
//!
//! struct CreateRoom { name: String, seats: Option<i64> }
//!
//! impl Read for CreateRoom {
//!     fn read(fields: &mut Fields<'_>) -> Option<Self> {
//!         let name = fields.required("name", rules::text().trimmed().chars(1..=200));
//!         let seats = fields.optional("seats", rules::integer(1..=50));
//!         Some(Self { name: name?, seats })
//!     }
//! }
//! ```

mod body;
mod fields;
mod patch;
mod query;
pub mod rules;

pub use body::Input;
pub(crate) use body::read_body;
pub use fields::{Fields, Spot};
pub use patch::Patch;
pub use query::Query;
pub use rules::Rule;

/// A request shape that reads itself.
pub trait Read: Sized {
    /// Takes what it needs. Reads every field before returning, so that all
    /// faults are found; `None` when a required one was at fault.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;
}

/// A route without a body, or whose body has no effect.
impl Read for () {
    fn read(_: &mut Fields<'_>) -> Option<Self> {
        Some(())
    }
}
