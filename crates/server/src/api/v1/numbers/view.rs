//! A number as clients see it (contract §3.1).

use offhook_model::{
    Timestamp,
    e164::E164,
    id::{AgentId, NumberId},
    number::{Number, NumberStatus, NumberType, OutboundSms},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::registration::Standing;

/// First messages an iMessage line may send to strangers per day
/// (contract `errors-and-limits.md` §5).
const NEW_CONTACTS_PER_DAY: u32 = 50;

/// A phone number.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PhoneNumber)]
#[schema(example = json!({"id": "num_xyz789", "phoneNumber": "+14155551234", "country": "US", "status": "active", "type": "sms",
    "agentId": "agt_abc123", "outboundSms": "registration_required", "inboundCallsEnabled": true,
    "readReceiptsEnabled": null, "whatsappEnabled": false, "dailyNewContacts": null,
    "purchasedAt": "2025-01-15T10:30:00Z", "externalId": null, "expiresAt": null,
    "rcsFallbackForAlias": null,
    "createdAt": "2025-01-15T10:30:00Z"}))]
pub struct NumberView {
    /// `num_…`.
    #[schema(value_type = String)]
    pub id: NumberId,
    /// E.164.
    #[schema(value_type = String)]
    pub phone_number: E164,
    /// Two letters.
    pub country: String,
    /// Held or released.
    pub status: NumberStatus,
    /// Kind of line.
    #[serde(rename = "type")]
    pub kind: NumberType,
    /// The agent that answers it.
    #[schema(value_type = Option<String>, required)]
    pub agent_id: Option<AgentId>,
    /// Whether texts may leave.
    pub outbound_sms: OutboundSms,
    /// Whether calls come in: while it is held.
    pub inbound_calls_enabled: bool,
    /// iMessage only.
    #[schema(required)]
    pub read_receipts_enabled: Option<bool>,
    /// Whether a WhatsApp business account uses it.
    pub whatsapp_enabled: bool,
    /// iMessage only.
    #[schema(required)]
    pub daily_new_contacts: Option<DailyNewContacts>,
    /// When it was bought.
    #[schema(value_type = String, format = DateTime)]
    pub purchased_at: Timestamp,
    /// The owner's reference.
    #[schema(required)]
    pub external_id: Option<String>,
    /// When it is released by itself.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    pub expires_at: Option<Timestamp>,
    /// The RCS alias it stands in for.
    #[schema(required)]
    pub rcs_fallback_for_alias: Option<String>,
    /// When it was bought.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// How many strangers an iMessage line wrote to on this day (UTC). Information: it is the
/// carrier that enforces the limit.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct DailyNewContacts {
    /// So many.
    pub used: u32,
    /// Of so many.
    pub limit: u32,
}

impl NumberView {
    /// The number with what its account's registration lets it do, and how
    /// many strangers it wrote to today.
    pub(crate) fn new(number: Number, registration: Standing, strangers: u32) -> Self {
        let outbound_sms = registration.outbound_sms(&number);
        let imessage = number.kind == NumberType::Imessage;
        Self {
            id: number.id,
            phone_number: number.phone_number,
            country: number.country,
            status: number.status,
            kind: number.kind,
            agent_id: number.agent_id,
            outbound_sms,
            inbound_calls_enabled: number.status == NumberStatus::Active,
            read_receipts_enabled: imessage.then_some(false),
            whatsapp_enabled: number.whatsapp.is_some(),
            daily_new_contacts: imessage
                .then_some(DailyNewContacts { used: strangers, limit: NEW_CONTACTS_PER_DAY }),
            purchased_at: number.created_at,
            external_id: number.external_id,
            expires_at: number.expires_at,
            rcs_fallback_for_alias: None,
            created_at: number.created_at,
        }
    }
}
