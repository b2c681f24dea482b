//! Phone numbers an account holds (contract §3).

use crate::{
    Timestamp,
    agent::words,
    e164::E164,
    id::{AccountId, AgentId, NumberId, WhatsappConnectionId},
};

words! {
    /// Whether a number is still held.
    NumberStatus {
        /// Held and in service.
        #[default] Active = "active",
        /// Given back; its history stays readable.
        Released = "released",
    }
    /// The kind of line.
    NumberType {
        /// SMS and voice.
        #[default] Sms = "sms",
        /// An iMessage line.
        Imessage = "imessage",
    }
    /// Whether texts may leave (10DLC).
    OutboundSms {
        /// Texts leave.
        #[default] Enabled = "enabled",
        /// Approved, propagating.
        Activating = "activating",
        /// No approved registration.
        RegistrationRequired = "registration_required",
    }
}

/// A number as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Its id.
    pub id: NumberId,
    /// Its owner.
    pub account_id: AccountId,
    /// The number itself.
    pub phone_number: E164,
    /// ISO 3166 country, two letters.
    pub country: String,
    /// Held or released.
    pub status: NumberStatus,
    /// Kind of line.
    pub kind: NumberType,
    /// `imessageType` as the buyer sent it; stored and echoed nowhere (contract §3.2).
    pub imessage_type: Option<String>,
    /// The agent that answers it.
    pub agent_id: Option<AgentId>,
    /// When it was attached to that agent; the first attached is the caller id.
    pub attached_at: Option<Timestamp>,
    /// The caller's own reference.
    pub external_id: Option<String>,
    /// When it is released by itself.
    pub expires_at: Option<Timestamp>,
    /// The WhatsApp business account it sends through, when one is bound.
    pub whatsapp: Option<WhatsappConnectionId>,
    /// When it was bought.
    pub created_at: Timestamp,
}
