//! `toNumber`: E.164, and never an emergency number.

use offhook_model::e164::E164;
use serde_json::Value;

use crate::{
    calls::blocked::is_blocked,
    input::{Rule, Spot, rules},
};

/// Where a call is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A number that may be called.
    Number(E164),
    /// An emergency, crisis or N11 service, in whatever spelling: 403.
    Blocked,
}

/// Reads a [`Destination`]; what is neither is a fault.
#[derive(Debug, Clone, Copy)]
pub struct DestinationRule;

impl Rule for DestinationRule {
    type Value = Destination;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Destination> {
        if value.as_str().is_some_and(is_blocked) {
            return Some(Destination::Blocked);
        }
        rules::phone().check(value, spot).map(Destination::Number)
    }
}
