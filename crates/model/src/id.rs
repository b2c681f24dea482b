//! Prefixed, time-ordered identifiers (contract §0.5).
//!
//! An id is `prefix_` and 36 characters of lower-case Crockford base 32:
//! 48 bits of Unix milliseconds, then 128 random bits. Ids sort by creation
//! time, and a call id can serve as the capability of its public recording.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Writes `at` and `random` as 36 base-32 characters.
fn encode(at: Timestamp, random: [u8; 16]) -> String {
    let millis = at.as_millisecond().max(0).cast_unsigned();
    let mut bytes = [0_u8; 22];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&random);
    let mut text = String::with_capacity(36);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(buffer >> bits) as usize & 31]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(buffer << (5 - bits)) as usize & 31]));
    }
    text
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The prefix every new id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes a new id from the time and 128 random bits.
            #[must_use]
            pub fn new(at: Timestamp, random: [u8; 16]) -> Self {
                Self(format!(concat!($prefix, "_{}"), encode(at, random)))
            }

            /// The id as clients see it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        /// Takes any text: an id of unknown shape is simply not found (contract §0.5).
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl FromStr for $name {
            type Err = std::convert::Infallible;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self(text.to_owned()))
            }
        }
    )*};
}

ids! {
    /// An account or sub-account: the owner of everything else.
    AccountId = "acct";
    /// An agent.
    AgentId = "agt";
    /// An API key's public id (never the key itself).
    ApiKeyId = "key";
    /// A phone number held by an account.
    NumberId = "num";
    /// A call; unguessable, because its recording is public by id.
    CallId = "call";
    /// One row of a call's transcript.
    TurnId = "tr";
    /// A webhook endpoint.
    WebhookId = "wh";
    /// A message thread.
    ConversationId = "conv";
    /// A text message.
    MessageId = "msg";
    /// A contact of the address book.
    ContactId = "ct";
    /// An event waiting for, or past, its delivery.
    EventId = "evt";
    /// An iMessage group.
    GroupId = "grp";
    /// A reaction to a message.
    ReactionId = "rxn";
    /// A stored file of a message.
    MediaId = "media";
    /// A chat background.
    BackgroundId = "bg";
    /// A sent one-time code.
    VerificationId = "ver";
    /// A SIP trunk of an account.
    TrunkId = "trunk";
    /// A WhatsApp connection.
    WhatsappConnectionId = "wac";
    /// A message template of WhatsApp.
    TemplateId = "wat";
    /// A 10DLC registration.
    RegistrationId = "reg";
    /// A piece of feedback.
    FeedbackId = "fb";
    /// A person who signed up.
    UserId = "user";
    /// A deletion that was asked for.
    DeletionId = "del";
    /// A row of the usage ledger.
    UsageId = "use";
}

impl AccountId {
    /// Makes a new sub-account's id; it begins with `sub_` (contract §12).
    #[must_use]
    pub fn new_sub(at: Timestamp, random: [u8; 16]) -> Self {
        Self(format!("sub_{}", encode(at, random)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_keep_their_prefix() {
        let early = CallId::new(Timestamp::from_millisecond(1_700_000_000_000).unwrap(), [255; 16]);
        let late = CallId::new(Timestamp::from_millisecond(1_700_000_000_001).unwrap(), [0; 16]);
        assert!(early < late);
        assert!(early.as_str().starts_with("call_"));
        assert_eq!(early.as_str().len(), 5 + 36);
    }

    #[test]
    fn every_random_bit_reaches_the_text() {
        let at = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
        let mut seen = std::collections::HashSet::new();
        for bit in 0..128 {
            let random = (1_u128 << bit).to_be_bytes();
            assert!(seen.insert(CallId::new(at, random)), "bit {bit} is lost");
        }
    }
}
