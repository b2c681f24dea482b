//! The business side of WhatsApp: accounts, their numbers, message templates.
//! Messages themselves go through [`Texting`](crate::Texting).

use offhook_model::{
    Timestamp,
    e164::E164,
    whatsapp::{TemplateCategory, TemplateStatus},
};
use serde_json::Value as Json;

use crate::{BoxFuture, CarrierError};

/// What the owner of a business account allowed us, as sign-up gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatsappGrant {
    /// Exchanged once for access.
    pub code: String,
    /// The business account chosen, when it was said.
    pub waba_id: Option<String>,
    /// The business that owns it.
    pub business_id: Option<String>,
}

/// A business account we may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatsappAccount {
    /// WhatsApp's name of it.
    pub waba_id: String,
    /// The business that owns it.
    pub business_id: Option<String>,
}

/// A number of a business account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatsappNumber {
    /// WhatsApp's name of it.
    pub phone_number_id: String,
    /// The number.
    pub number: E164,
    /// The name recipients see.
    pub verified_name: String,
}

/// A template for WhatsApp to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmittedTemplate {
    /// Its name.
    pub name: String,
    /// E.g. `en_US`.
    pub language: String,
    /// What it is for.
    pub category: TemplateCategory,
    /// Components and the rest, as the owner wrote them.
    pub body: Json,
    /// When it was submitted.
    pub at: Timestamp,
}

/// What WhatsApp says of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateVerdict {
    /// Whether it may be sent.
    pub status: TemplateStatus,
    /// Why it was rejected.
    pub reason: Option<String>,
}

/// A carrier through which business accounts can be used.
pub trait Whatsapp: Send + Sync {
    /// Exchanges what sign-up gave for the use of a business account.
    fn connect<'a>(
        &'a self,
        grant: &'a WhatsappGrant,
    ) -> BoxFuture<'a, Result<WhatsappAccount, CarrierError>>;

    /// The numbers of a business account. `held` are those our account holds:
    /// no other could be used.
    fn numbers<'a>(
        &'a self,
        waba_id: &'a str,
        held: &'a [E164],
    ) -> BoxFuture<'a, Result<Vec<WhatsappNumber>, CarrierError>>;

    /// Submits a template.
    fn submit_template<'a>(
        &'a self,
        waba_id: &'a str,
        template: &'a SubmittedTemplate,
    ) -> BoxFuture<'a, Result<TemplateVerdict, CarrierError>>;

    /// What has become of a submitted template by `now`.
    fn template_verdict<'a>(
        &'a self,
        waba_id: &'a str,
        template: &'a SubmittedTemplate,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<TemplateVerdict, CarrierError>>;

    /// Takes a template back, in all its languages or in one.
    fn delete_template<'a>(
        &'a self,
        waba_id: &'a str,
        name: &'a str,
        language: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), CarrierError>>;
}
