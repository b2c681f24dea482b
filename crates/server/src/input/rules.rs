//! What a value must be: text, words, numbers, lists…
//!
//! A rule reads a JSON value or notes faults in pydantic's words. In a query
//! every value is text, so numbers and booleans are read from it there; in a
//! body they must have their own JSON type.

mod composite;
mod number;
mod text;

use serde_json::Value;

pub use composite::{
    AnyObject, Instant, List, Object, StringMap, any_object, instant, list, object, string_map,
};
pub use number::{Flag, Integer, Number, flag, integer, number};
pub use text::{AnyPhone, OrEmpty, Phone, Text, Word, any_phone, or_empty, phone, text, word};

use super::Spot;

/// What a value must be.
pub trait Rule {
    /// What it becomes.
    type Value;

    /// Reads the value; `None` after noting at least one fault.
    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Self::Value>;
}
