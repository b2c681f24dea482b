//! What is counted, in which unit, and what it costs.

mod amount;
mod prices;

pub use amount::{format_amount, parse_amount};
pub use prices::{MICROS_PER_UNIT, PriceBook};

use crate::{
    Timestamp,
    agent::words,
    id::{AccountId, AgentId, NumberId, UsageId},
};

words! {
    /// What a row of the usage ledger is for.
    UsageKind {
        /// Conversation of a call in webhook mode.
        #[default] VoiceWebhook = "voice_webhook",
        /// Conversation of a call the built-in model runs.
        VoiceHosted = "voice_hosted",
        /// Aggressive denoising of a call, beside its conversation.
        Denoising = "denoising",
        /// A text by SMS, sent or received.
        MessageSms = "message_sms",
        /// A text by MMS.
        MessageMms = "message_mms",
        /// A text by iMessage.
        MessageImessage = "message_imessage",
        /// A text by WhatsApp.
        MessageWhatsapp = "message_whatsapp",
        /// A text by RCS.
        MessageRcs = "message_rcs",
        /// A month of holding a number.
        NumberMonth = "number_month",
        /// A lookup of a number.
        Lookup = "lookup",
        /// A one-time code that was confirmed.
        Verification = "verification",
        /// A calendar month (UTC) in which an account kept recordings.
        RecordingMonth = "recording_month",
        /// The carriers' fee of a 10DLC registration.
        RegistrationFee = "registration_fee",
    }
}

/// What the quantity of a ledger row is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UsageUnit {
    /// Whole seconds.
    Seconds,
    /// Parts of a text; 1 on every channel but SMS.
    Segments,
    /// Months.
    Months,
    /// Single things.
    Items,
}

impl UsageUnit {
    /// Its word, as stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "second",
            Self::Segments => "segment",
            Self::Months => "month",
            Self::Items => "item",
        }
    }
}

impl UsageKind {
    /// Every kind of message.
    pub const MESSAGES: [Self; 5] =
        [Self::MessageSms, Self::MessageMms, Self::MessageImessage, Self::MessageWhatsapp, Self::MessageRcs];

    /// The kind of a text by this channel (`sms`, `mms`, `imessage`,
    /// `whatsapp`, `rcs`); none for any other word.
    #[must_use]
    pub fn message(channel: &str) -> Option<Self> {
        Self::MESSAGES.into_iter().find(|kind| kind.as_str().strip_prefix("message_") == Some(channel))
    }

    /// The kind of a conversation.
    #[must_use]
    pub fn voice(hosted: bool) -> Self {
        if hosted { Self::VoiceHosted } else { Self::VoiceWebhook }
    }

    /// What its quantity is measured in.
    #[must_use]
    pub fn unit(self) -> UsageUnit {
        match self {
            Self::VoiceWebhook | Self::VoiceHosted | Self::Denoising => UsageUnit::Seconds,
            Self::MessageSms
            | Self::MessageMms
            | Self::MessageImessage
            | Self::MessageWhatsapp
            | Self::MessageRcs => UsageUnit::Segments,
            Self::NumberMonth | Self::RecordingMonth => UsageUnit::Months,
            Self::Lookup | Self::Verification | Self::RegistrationFee => UsageUnit::Items,
        }
    }
}

/// How a ledger row is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Payment {
    /// Recorded with its price, and nothing is taken: the operator keeps no balances.
    Metered,
    /// Taken from the balance, or refused where the balance does not cover it.
    Prepaid,
    /// Taken from the balance even below zero: what it is for was given
    /// already, or cannot be refused (the end of a call, a received text).
    Owed,
}

/// One row of the usage ledger, to be recorded once.
///
/// (`account_id`, `kind`, `subject`) is its identity: recording it again
/// changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its id.
    pub id: UsageId,
    /// Whose usage it is. A sub-account's is paid by its parent.
    pub account_id: AccountId,
    /// What it is for.
    pub kind: UsageKind,
    /// How much, in [`UsageKind::unit`]; not negative.
    pub quantity: i64,
    /// What it costs, in millionths of the currency; not negative.
    pub amount_micros: i64,
    /// The agent that caused it.
    pub agent_id: Option<AgentId>,
    /// The number it went over.
    pub number_id: Option<NumberId>,
    /// What it is for: a call's, a message's, a verification's id, or a
    /// number's id and its month.
    pub subject: String,
    /// When.
    pub at: Timestamp,
    /// How it is paid.
    pub payment: Payment,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_have_kinds_and_other_words_have_none() {
        assert_eq!(UsageKind::message("sms"), Some(UsageKind::MessageSms));
        assert_eq!(UsageKind::message("rcs"), Some(UsageKind::MessageRcs));
        for word in ["voice", "", "message_sms", "SMS"] {
            assert_eq!(UsageKind::message(word), None);
        }
    }

    #[test]
    fn kinds_round_trip_through_their_words() {
        for word in UsageKind::WORDS {
            assert_eq!(UsageKind::from_word(word).map(UsageKind::as_str), Some(*word));
        }
    }
}
