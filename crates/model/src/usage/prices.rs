//! What things cost (contract `errors-and-limits.md` §6).

use super::UsageKind;

/// Millionths in one unit of the currency: 1 USD is 1 000 000.
pub const MICROS_PER_UNIT: i64 = 1_000_000;

/// Prices in millionths of the currency. The defaults are AgentPhone's
/// published ones; what it publishes no price for is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceBook {
    /// A minute of conversation in webhook mode, charged by the second. $0.13.
    pub voice_webhook_minute: i64,
    /// A minute of conversation the built-in model runs, charged by the second. $0.22.
    pub voice_hosted_minute: i64,
    /// The least an answered call costs, denoising apart. $0.01.
    pub voice_minimum: i64,
    /// A minute of aggressive denoising, charged by the second. $0.005.
    pub denoising_minute: i64,
    /// A segment by SMS, sent or received. $0.02.
    pub sms_segment: i64,
    /// A text by MMS. $0.02.
    pub mms: i64,
    /// A text by iMessage. Free.
    pub imessage: i64,
    /// A text by WhatsApp. Free.
    pub whatsapp: i64,
    /// A text by RCS. Free.
    pub rcs: i64,
    /// A number for a month. $3.
    pub number_month: i64,
    /// A lookup of a number. $0.009.
    pub lookup: i64,
    /// A confirmed one-time code. $0.05.
    pub verification: i64,
    /// A month in which recordings are kept, per account. $5.
    pub recording_month: i64,
    /// A 10DLC registration. $25.
    pub registration: i64,
    /// A high-volume 10DLC registration. $70.
    pub registration_high_volume: i64,
}

impl Default for PriceBook {
    fn default() -> Self {
        Self {
            voice_webhook_minute: 130_000,
            voice_hosted_minute: 220_000,
            voice_minimum: 10_000,
            denoising_minute: 5_000,
            sms_segment: 20_000,
            mms: 20_000,
            imessage: 0,
            whatsapp: 0,
            rcs: 0,
            number_month: 3_000_000,
            lookup: 9_000,
            verification: 50_000,
            recording_month: 5_000_000,
            registration: 25_000_000,
            registration_high_volume: 70_000_000,
        }
    }
}

impl PriceBook {
    /// What `quantity` of a kind costs, micros. A call's conversation costs at
    /// least [`Self::voice_minimum`], also of zero seconds. The fee of a
    /// high-volume registration is [`Self::registration_high_volume`] instead.
    #[must_use]
    pub fn amount(&self, kind: UsageKind, quantity: i64) -> i64 {
        let quantity = quantity.max(0);
        let times = |price: i64| price.saturating_mul(quantity);
        match kind {
            UsageKind::VoiceWebhook => by_second(self.voice_webhook_minute, quantity).max(self.voice_minimum),
            UsageKind::VoiceHosted => by_second(self.voice_hosted_minute, quantity).max(self.voice_minimum),
            UsageKind::Denoising => by_second(self.denoising_minute, quantity),
            UsageKind::MessageSms => times(self.sms_segment),
            UsageKind::MessageMms => times(self.mms),
            UsageKind::MessageImessage => times(self.imessage),
            UsageKind::MessageWhatsapp => times(self.whatsapp),
            UsageKind::MessageRcs => times(self.rcs),
            UsageKind::NumberMonth => times(self.number_month),
            UsageKind::Lookup => times(self.lookup),
            UsageKind::Verification => times(self.verification),
            UsageKind::RecordingMonth => times(self.recording_month),
            UsageKind::RegistrationFee => times(self.registration),
        }
    }
}

/// Half a micro and more is rounded up.
fn by_second(minute: i64, seconds: i64) -> i64 {
    minute.saturating_mul(seconds).saturating_add(30) / 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_charged_by_the_second_and_at_least_a_cent() {
        let prices = PriceBook::default();
        for (seconds, webhook, hosted) in [
            (0, 10_000, 10_000),
            (2, 10_000, 10_000),
            (3, 10_000, 11_000),
            (5, 10_833, 18_333),
            (60, 130_000, 220_000),
            (150, 325_000, 550_000),
        ] {
            assert_eq!(prices.amount(UsageKind::VoiceWebhook, seconds), webhook, "{seconds} s");
            assert_eq!(prices.amount(UsageKind::VoiceHosted, seconds), hosted, "{seconds} s");
        }
        assert_eq!(prices.amount(UsageKind::Denoising, 90), 7_500);
    }

    #[test]
    fn no_quantity_overflows() {
        let prices = PriceBook::default();
        for word in UsageKind::WORDS {
            let kind = UsageKind::from_word(word).unwrap();
            assert!(prices.amount(kind, i64::MAX) >= 0);
            assert!(prices.amount(kind, -1) <= prices.voice_minimum);
        }
    }
}
