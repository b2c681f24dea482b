//! WhatsApp as the built-in carrier has it.
//!
//! Any code but [`REFUSED_CODE`] connects. A business account has exactly the
//! numbers our account holds. Templates are judged [`REVIEW`] after they came:
//! all are approved, except those whose name begins with [`REJECTED_NAME`].

use std::time::Duration;

use offhook_carriers::{
    BoxFuture, CarrierError,
    whatsapp::{
        SubmittedTemplate, TemplateVerdict, Whatsapp, WhatsappAccount, WhatsappGrant, WhatsappNumber,
    },
};
use offhook_model::{Timestamp, e164::E164, whatsapp::TemplateStatus};

/// The one code that does not connect.
pub const REFUSED_CODE: &str = "invalid";
/// How long a template waits for its judgement.
pub const REVIEW: Duration = Duration::from_secs(2);
/// How names of templates begin that are rejected.
pub const REJECTED_NAME: &str = "rejected";

/// The simulated WhatsApp; it remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct SimWhatsapp;

impl Whatsapp for SimWhatsapp {
    fn connect<'a>(
        &'a self,
        grant: &'a WhatsappGrant,
    ) -> BoxFuture<'a, Result<WhatsappAccount, CarrierError>> {
        Box::pin(async move {
            if grant.code == REFUSED_CODE {
                let reason = "the sign-up code is not valid".to_owned();
                return Err(CarrierError::Refused { carrier: "WhatsApp", reason });
            }
            let waba_id = grant.waba_id.clone().unwrap_or_else(|| "simulated".to_owned());
            Ok(WhatsappAccount { waba_id, business_id: grant.business_id.clone() })
        })
    }

    fn numbers<'a>(
        &'a self,
        _waba_id: &'a str,
        held: &'a [E164],
    ) -> BoxFuture<'a, Result<Vec<WhatsappNumber>, CarrierError>> {
        let numbers = held.iter().map(|number| WhatsappNumber {
            phone_number_id: number.digits().to_owned(),
            number: number.clone(),
            verified_name: "Simulated business".to_owned(),
        });
        let numbers = numbers.collect();
        Box::pin(async move { Ok(numbers) })
    }

    fn submit_template<'a>(
        &'a self,
        _waba_id: &'a str,
        _template: &'a SubmittedTemplate,
    ) -> BoxFuture<'a, Result<TemplateVerdict, CarrierError>> {
        Box::pin(async { Ok(TemplateVerdict { status: TemplateStatus::Pending, reason: None }) })
    }

    fn template_verdict<'a>(
        &'a self,
        _waba_id: &'a str,
        template: &'a SubmittedTemplate,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<TemplateVerdict, CarrierError>> {
        let verdict = judge(template, now);
        Box::pin(async move { Ok(verdict) })
    }

    fn delete_template<'a>(
        &'a self,
        _waba_id: &'a str,
        _name: &'a str,
        _language: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), CarrierError>> {
        Box::pin(async { Ok(()) })
    }
}

fn judge(template: &SubmittedTemplate, now: Timestamp) -> TemplateVerdict {
    let waited: Duration = now.duration_since(template.at).try_into().unwrap_or_default();
    if waited < REVIEW {
        return TemplateVerdict { status: TemplateStatus::Pending, reason: None };
    }
    if template.name.starts_with(REJECTED_NAME) {
        let reason = Some("INVALID_FORMAT".to_owned());
        return TemplateVerdict { status: TemplateStatus::Rejected, reason };
    }
    TemplateVerdict { status: TemplateStatus::Approved, reason: None }
}

#[cfg(test)]
mod tests {
    use offhook_model::whatsapp::TemplateCategory;
    use serde_json::json;

    use super::*;

    #[test]
    fn templates_are_judged_after_two_seconds_by_their_name() {
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let template = |name: &str| SubmittedTemplate {
            name: name.to_owned(),
            language: "en_US".to_owned(),
            category: TemplateCategory::Utility,
            body: json!({}),
            at,
        };
        let status = |name: &str, ms: i64| {
            let now = Timestamp::from_millisecond(at.as_millisecond() + ms).unwrap();
            judge(&template(name), now).status
        };
        assert_eq!(status("hello", 1_999), TemplateStatus::Pending);
        assert_eq!(status("hello", 2_000), TemplateStatus::Approved);
        assert_eq!(status("rejected_offer", 2_000), TemplateStatus::Rejected);
        // A clock that was set back.
        assert_eq!(status("hello", -5_000), TemplateStatus::Pending);
    }
}
