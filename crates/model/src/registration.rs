//! 10DLC registrations: who sends texts from US numbers, and what for (contract §11).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Timestamp,
    agent::words,
    e164::E164,
    id::{AccountId, RegistrationId},
};

words! {
    /// What is registered, which decides fee and throughput.
    RegistrationType {
        /// A person without a tax number.
        #[default] SoleProprietor = "sole_proprietor",
        /// A company.
        StandardBrand = "standard_brand",
        /// A company that is vetted for high volumes.
        HighVolume = "high_volume",
    }
    /// How far a registration is.
    CampaignStatus {
        /// Nothing was submitted.
        #[default] None = "none",
        /// Waiting for a decision.
        Pending = "pending",
        /// Texts may leave, once it has spread among the carriers.
        Approved = "approved",
        /// Refused; it may be submitted again.
        Rejected = "rejected",
    }
    /// What texts are for.
    UseCase {
        /// News of an account.
        #[default] AccountNotification = "account_notification",
        /// Answers to customers.
        CustomerCare = "customer_care",
        /// News of a delivery.
        DeliveryNotification = "delivery_notification",
        /// Warnings of fraud.
        FraudAlert = "fraud_alert",
        /// From a school or university.
        HigherEducation = "higher_education",
        /// Advertising.
        Marketing = "marketing",
        /// Polls and votes.
        PollingVoting = "polling_voting",
        /// For the public.
        PublicServiceAnnouncement = "public_service_announcement",
        /// Warnings of danger.
        SecurityAlert = "security_alert",
        /// One-time codes.
        TwoFactorAuthentication = "two_factor_authentication",
    }
    /// Legal form of the sender.
    OrganizationType {
        /// One person.
        #[default] SoleProprietor = "sole_proprietor",
        /// A company not traded in public.
        PrivateCorporation = "private_corporation",
        /// A company traded in public.
        PublicCorporation = "public_corporation",
        /// Limited liability company.
        Llc = "llc",
        /// Partners.
        Partnership = "partnership",
        /// Without profit.
        NonProfit = "non_profit",
        /// Co-operative.
        CoOp = "co_op",
        /// Part of a government.
        Government = "government",
    }
    /// Position of the person who registers.
    ContactTitle {
        /// Chief executive.
        #[default] Ceo = "ceo",
        /// Chief of finance.
        Cfo = "cfo",
        /// Chief of technology.
        Cto = "cto",
        /// Chief of operations.
        Coo = "coo",
        /// Vice president.
        Vp = "vp",
        /// General manager.
        Gm = "gm",
        /// Director.
        Director = "director",
        /// In words of its own.
        Other = "other",
    }
    /// What texts may contain.
    ContentFlag {
        /// Web addresses.
        #[default] Links = "links",
        /// Phone numbers.
        PhoneNumbers = "phone_numbers",
        /// Content for adults.
        AgeGated = "age_gated",
        /// Loans.
        DirectLending = "direct_lending",
    }
    /// How many texts are planned.
    SendVolume {
        /// Few.
        #[default] Low = "low",
        /// Many.
        High = "high",
    }
}

impl RegistrationType {
    /// Whether a company registers, which has to say more.
    #[must_use]
    pub fn is_company(self) -> bool {
        self != Self::SoleProprietor
    }
}

/// Everything that was submitted; field for field the request of `POST /v1/register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistrationForm {
    /// What is registered.
    pub registration_type: RegistrationType,
    /// Given name of the person who registers.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Where questions go.
    pub email: String,
    /// Their own number, E.164.
    #[schema(value_type = String)]
    pub phone_number: E164,
    /// Street and house.
    pub street_address: String,
    /// Floor, suite.
    pub street_address_2: Option<String>,
    /// City.
    pub city: String,
    /// State.
    pub state: String,
    /// Postal code.
    pub zip_code: String,
    /// Two letters; `US` when omitted.
    #[schema(required = false)]
    pub country: String,
    /// Legal name of the company; needed by companies.
    pub business_name: Option<String>,
    /// Name it is known by, when that is another.
    pub brand_name: Option<String>,
    /// Legal form; needed by companies.
    pub organization_type: Option<OrganizationType>,
    /// Position; needed by companies.
    pub contact_title: Option<ContactTitle>,
    /// Position in words; needed with `contact_title` `other`.
    pub contact_title_other: Option<String>,
    /// Tax number; needed by companies.
    pub ein: Option<String>,
    /// Website.
    pub website_url: Option<String>,
    /// Trade.
    pub industry: Option<String>,
    /// Where it does business; `["usa_and_canada"]` when omitted.
    #[schema(required = false)]
    pub business_regions: Vec<String>,
    /// How many numbers will be used; 1 when omitted.
    #[schema(required = false, minimum = 1)]
    pub planned_numbers: u32,
    /// What the sender does, whom it texts and why.
    #[schema(min_length = 40)]
    pub description: String,
    /// What texts are for.
    #[schema(min_items = 1, max_items = 5)]
    pub use_cases: Vec<UseCase>,
    /// How many texts are planned.
    pub volume: Option<SendVolume>,
    /// Examples, each of 20 to 1024 characters.
    #[schema(min_items = 2, max_items = 5)]
    pub message_samples: Vec<String>,
    /// How people agree to be texted.
    #[schema(min_length = 40)]
    pub consent_flow: String,
    /// Needed by companies.
    pub privacy_policy_url: Option<String>,
    /// Needed by companies.
    pub terms_of_service_url: Option<String>,
    /// Picture of how people agree: PNG, JPEG, WEBP or GIF of at most 2 MB, over https.
    pub opt_in_image_url: String,
    /// What texts may contain.
    #[schema(required = false)]
    pub includes: Vec<ContentFlag>,
    /// An example address; needed when `includes` has `links`.
    pub link_sample: Option<String>,
}

impl RegistrationForm {
    /// Fields that others make necessary and that are not there.
    #[must_use]
    pub fn lacking(&self) -> Vec<&'static str> {
        let company = self.registration_type.is_company();
        let other_title = self.contact_title == Some(ContactTitle::Other);
        [
            (company, "business_name", self.business_name.is_none()),
            (company, "organization_type", self.organization_type.is_none()),
            (company, "contact_title", self.contact_title.is_none()),
            (company, "ein", self.ein.is_none()),
            (company, "privacy_policy_url", self.privacy_policy_url.is_none()),
            (company, "terms_of_service_url", self.terms_of_service_url.is_none()),
            (other_title, "contact_title_other", self.contact_title_other.is_none()),
            (self.includes.contains(&ContentFlag::Links), "link_sample", self.link_sample.is_none()),
        ]
        .into_iter()
        .filter_map(|(needed, name, absent)| (needed && absent).then_some(name))
        .collect()
    }

    /// Who sends: the company, else the person.
    #[must_use]
    pub fn sender(&self) -> String {
        let company = self.brand_name.as_ref().or(self.business_name.as_ref());
        company.cloned().unwrap_or_else(|| format!("{} {}", self.first_name, self.last_name))
    }
}

/// A registration as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its id; a new submission gets a new one.
    pub id: RegistrationId,
    /// The account whose numbers it covers.
    pub account_id: AccountId,
    /// What was submitted.
    pub form: RegistrationForm,
    /// What somebody decided; [`Self::status`] is what holds.
    pub decided: CampaignStatus,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// What it cost, in US cents.
    pub fee_cents: u32,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// When it approves itself, unless somebody decides before.
    pub approves_at: Option<Timestamp>,
    /// When somebody decided.
    pub decided_at: Option<Timestamp>,
    /// Whether the picture could be looked at; false when its server did not answer.
    pub image_seen: bool,
}

impl Registration {
    /// How far it is now.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> CampaignStatus {
        match (self.decided, self.approves_at) {
            (CampaignStatus::Pending, Some(at)) if at <= now => CampaignStatus::Approved,
            (decided, _) => decided,
        }
    }

    /// Since when it is approved, if it is by now.
    #[must_use]
    pub fn approved_since(&self, now: Timestamp) -> Option<Timestamp> {
        if self.status(now) != CampaignStatus::Approved {
            return None;
        }
        self.decided_at.or(self.approves_at)
    }
}
