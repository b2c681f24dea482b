//! Reading a registration: what each field must be.

use offhook_model::registration::{
    ContactTitle, ContentFlag, OrganizationType, RegistrationForm, RegistrationType, SendVolume, UseCase,
};

use crate::input::{
    Fields, Read, Rule,
    rules::{List, Text, Word, integer, list, phone, text, word},
};

/// Something that must be said; nothing else bounds it but the column's good sense.
pub(super) fn line() -> Text {
    text().trimmed().chars(1..=255)
}

/// A web address, as long as browsers take them.
pub(super) fn address() -> Text {
    text().trimmed().chars(1..=2048)
}

/// A description that says something.
pub(super) fn story() -> Text {
    text().trimmed().chars(40..=4096)
}

pub(super) fn use_cases() -> List<Word<UseCase>> {
    list(word(UseCase::from_word, UseCase::WORDS), 1..=5)
}

pub(super) fn samples() -> List<Text> {
    list(text().trimmed().chars(20..=1024), 2..=5)
}

pub(super) fn includes() -> List<Word<ContentFlag>> {
    list(word(ContentFlag::from_word, ContentFlag::WORDS), 0..=4)
}

pub(super) fn volume() -> Word<SendVolume> {
    word(SendVolume::from_word, SendVolume::WORDS)
}

/// One `@` with something on both sides, no white space.
pub(crate) fn is_email(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '<' | '>' | ',' | '"');
    let plausible = |side: &str| !side.is_empty() && !side.contains(odd);
    text.split_once('@').is_some_and(|(local, domain)| plausible(local) && plausible(domain))
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic())
}

/// A field that another one makes necessary.
fn needed<R: Rule>(fields: &mut Fields<'_>, is_needed: bool, name: &str, rule: R) -> Option<R::Value> {
    if is_needed { fields.required(name, rule) } else { fields.optional(name, rule) }
}

/// Reads a whole form. What is needed only because of another field is a
/// fault of the field that is missing.
pub(super) fn read(fields: &mut Fields<'_>) -> Option<RegistrationForm> {
    let kind =
        fields.required("registration_type", word(RegistrationType::from_word, RegistrationType::WORDS));
    let company = kind.is_some_and(RegistrationType::is_company);
    let title = needed(fields, company, "contact_title", word(ContactTitle::from_word, ContactTitle::WORDS));
    let includes = fields.optional("includes", includes()).unwrap_or_default();
    let links = includes.contains(&ContentFlag::Links);
    let organization = word(OrganizationType::from_word, OrganizationType::WORDS);

    let first_name = fields.required("first_name", line());
    let last_name = fields.required("last_name", line());
    let email = fields.required("email", text().trimmed().chars(3..=254).matching("name@domain", is_email));
    let phone_number = fields.required("phone_number", phone());
    let street_address = fields.required("street_address", line());
    let city = fields.required("city", line());
    let state = fields.required("state", line());
    let zip_code = fields.required("zip_code", line());
    let country = fields.optional("country", text().trimmed().matching("^[A-Za-z]{2}$", is_country));
    let description = fields.required("description", story());
    let use_cases = fields.required("use_cases", use_cases());
    let message_samples = fields.required("message_samples", samples());
    let consent_flow = fields.required("consent_flow", story());
    let opt_in_image_url = fields.required("opt_in_image_url", address());
    let street_address_2 = fields.optional("street_address_2", line());
    let business_name = needed(fields, company, "business_name", line());
    let brand_name = fields.optional("brand_name", line());
    let organization_type = needed(fields, company, "organization_type", organization);
    let other = title == Some(ContactTitle::Other);
    let contact_title_other = needed(fields, other, "contact_title_other", line());
    let ein = needed(fields, company, "ein", line());
    let website_url = fields.optional("website_url", address());
    let industry = fields.optional("industry", line());
    let business_regions = fields.optional("business_regions", list(line(), 0..=50));
    let planned_numbers = fields.optional("planned_numbers", integer(1..=1_000_000));
    let volume = fields.optional("volume", volume());
    let privacy_policy_url = needed(fields, company, "privacy_policy_url", address());
    let terms_of_service_url = needed(fields, company, "terms_of_service_url", address());
    let link_sample = needed(fields, links, "link_sample", address());
    Some(RegistrationForm {
        registration_type: kind?,
        first_name: first_name?,
        last_name: last_name?,
        email: email?,
        phone_number: phone_number?,
        street_address: street_address?,
        street_address_2,
        city: city?,
        state: state?,
        zip_code: zip_code?,
        country: country.unwrap_or_else(|| "US".to_owned()).to_ascii_uppercase(),
        business_name,
        brand_name,
        organization_type,
        contact_title: title,
        contact_title_other,
        ein,
        website_url,
        industry,
        business_regions: business_regions.unwrap_or_else(|| vec!["usa_and_canada".to_owned()]),
        planned_numbers: planned_numbers.and_then(|count| u32::try_from(count).ok()).unwrap_or(1),
        description: description?,
        use_cases: use_cases?,
        volume,
        message_samples: message_samples?,
        consent_flow: consent_flow?,
        privacy_policy_url,
        terms_of_service_url,
        opt_in_image_url: opt_in_image_url?,
        includes,
        link_sample,
    })
}

/// A registration to be submitted.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[schema(example = json!({
    "registration_type": "sole_proprietor", "first_name": "Ada", "last_name": "Byron", "email": "ada@example.com",
    "phone_number": "+14155550123", "street_address": "1 Main St", "city": "Oakland", "state": "CA",
    "zip_code": "94607", "description": "Appointment reminders for customers of our repair shop.",
    "use_cases": ["customer_care"],
    "message_samples": ["Byron Repair: your visit is tomorrow at 9.", "Byron Repair: your bike is ready for pickup."],
    "consent_flow": "Customers tick a consent box when booking on our site.",
    "opt_in_image_url": "https://example.com/optin.png", "create_sub_account": false
}))]
pub(super) struct SubmitRegistration {
    /// What is registered.
    #[serde(flatten)]
    pub(super) form: RegistrationForm,
    /// Whether a sub-account is made for it; default true.
    #[schema(required = false, default = true)]
    pub(super) create_sub_account: bool,
}

impl Read for SubmitRegistration {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let create_sub_account = fields.optional("create_sub_account", crate::input::rules::flag());
        Some(Self { form: read(fields)?, create_sub_account: create_sub_account.unwrap_or(true) })
    }
}
