//! `to_number` and `recipients`: whom a message is for.

use offhook_model::address::Address;
use serde_json::Value;

use crate::{
    input::{Rule, Spot},
    messaging::blocked::is_blocked,
};

/// Whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// Somebody who may be written to.
    Open(Address),
    /// An emergency, crisis, N11 or premium number, in whatever spelling: 403.
    Blocked,
}

/// Reads a [`Recipient`]; what is neither is a fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecipientRule;

impl Rule for RecipientRule {
    type Value = Recipient;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Recipient> {
        let Some(text) = value.as_str() else {
            spot.fault("string_type", "Input should be a valid string");
            return None;
        };
        if is_blocked(text) {
            return Some(Recipient::Blocked);
        }
        match Address::parse(text) {
            Ok(address) if !text.contains('\0') => Some(Recipient::Open(address)),
            _ => {
                let msg =
                    "Value error, expected a phone number, a short code, an e-mail address or a group id";
                spot.fault("value_error", msg);
                None
            }
        }
    }
}
