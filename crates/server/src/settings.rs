//! What an operator may set, already parsed; the binary fills it from its configuration.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use offhook_model::{
    e164::E164,
    retention::Retention,
    usage::{Payment, PriceBook},
};

use crate::{deliver::DeliverySettings, limits::Rates, mail::MailSettings, signup::SignupSettings};

/// Settings of the server crate.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where clients reach this server, without a trailing slash; recording
    /// URLs begin with it.
    pub public_url: String,
    /// Where peers send SIP to: what tenants' trunks are told.
    pub sip: SocketAddr,
    /// Whether webhooks, tools and media may be fetched over http and from
    /// private addresses. Off: otherwise a tenant can reach the operator's network.
    pub allow_private: bool,
    /// Caps per account; none switches them off.
    pub limits: Option<Limits>,
    /// Whether accounts have a prepaid balance that must cover what they use.
    pub billing: bool,
    /// What usage is recorded with.
    pub prices: PriceBook,
    /// Requests per key and route; none switches rate limits off.
    pub rates: Option<Rates>,
    /// How long an `Idempotency-Key` is remembered.
    pub idempotency_window: Duration,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Waits between the attempts of a webhook delivery.
    pub retry_delays: Vec<Duration>,
    /// How many deliveries are under way at once, and when an endpoint gets a rest.
    pub deliveries: DeliverySettings,
    /// The directory of recordings and media.
    pub blobs: PathBuf,
    /// Messages.
    pub messages: Messages,
    /// How long things are kept.
    pub retention: RetentionSettings,
    /// Where recordings are written; none when recording is off.
    pub recordings: Option<PathBuf>,
    /// Largest request body.
    pub body_limit_bytes: usize,
    /// Longest time a request's head, and then its body, may take to arrive.
    pub body_timeout: Duration,
    /// Connections served at once; more wait in the listener's backlog.
    pub max_connections: usize,
    /// How long running requests may go on after shutdown was asked for.
    pub drain: Duration,
    /// 10DLC: whether US numbers need it, and who approves.
    pub registration: RegistrationSettings,
    /// How mail leaves.
    pub mail: MailSettings,
    /// Whether anybody may make an account.
    pub signup: SignupSettings,
}

impl Default for Settings {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            sip: (Ipv4Addr::LOCALHOST, 5060).into(),
            allow_private: false,
            limits: Some(Limits::default()),
            billing: false,
            prices: PriceBook::default(),
            rates: None,
            idempotency_window: minutes(24 * 60),
            trusted_proxies: Vec::new(),
            retry_delays: vec![minutes(5), minutes(30), minutes(120), minutes(360), minutes(720)],
            deliveries: DeliverySettings::default(),
            blobs: std::env::temp_dir().join("offhook-blobs"),
            messages: Messages::default(),
            retention: RetentionSettings::default(),
            recordings: None,
            body_limit_bytes: 1024 * 1024,
            body_timeout: Duration::from_secs(30),
            max_connections: 4096,
            drain: Duration::from_secs(30),
            registration: RegistrationSettings::default(),
            mail: MailSettings::default(),
            signup: SignupSettings::default(),
        }
    }
}

impl Settings {
    /// How something is paid that can be refused.
    #[must_use]
    pub fn prepaid(&self) -> Payment {
        if self.billing { Payment::Prepaid } else { Payment::Metered }
    }

    /// How something is paid that was given already, or cannot be refused.
    #[must_use]
    pub fn owed(&self) -> Payment {
        if self.billing { Payment::Owed } else { Payment::Metered }
    }
}

/// How long accounts keep what people said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Of accounts that set nothing themselves.
    pub defaults: Retention,
    /// Fewest days an account may ask for.
    pub at_least_days: u32,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self { defaults: Retention::default(), at_least_days: 1 }
    }
}

/// How messages are sent and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages {
    /// Texts and multimedia texts a number sends per minute, evenly spread;
    /// more wait and leave in order. None: no limit.
    pub per_minute: Option<u32>,
    /// Largest picture or file.
    pub max_media_bytes: u64,
    /// Longest time a picture or file may take to be fetched.
    pub media_timeout: Duration,
    /// Where the platform's own texts, such as one-time codes, come from; none
    /// where it sends none.
    pub system_number: Option<E164>,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            per_minute: None,
            max_media_bytes: 5 * 1024 * 1024,
            media_timeout: Duration::from_secs(10),
            system_number: None,
        }
    }
}

impl Messages {
    /// Shortest time between two texts of a number.
    #[must_use]
    pub fn spacing(&self) -> Option<Duration> {
        let per_minute = self.per_minute.filter(|per_minute| *per_minute > 0)?;
        Some(Duration::from_secs(60) / per_minute)
    }
}

/// Caps per account (contract `errors-and-limits.md` §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Numbers held at once.
    pub numbers: u32,
    /// Calls at once.
    pub concurrent_calls: u32,
    /// Longest call; the platform ends it there.
    pub max_call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { numbers: 10, concurrent_calls: 5, max_call: Duration::from_secs(30 * 60) }
    }
}

/// How registrations (10DLC) are handled here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistrationSettings {
    /// Whether texts of US numbers wait for an approved registration.
    pub required: bool,
    /// After how long a registration approves itself; none leaves it to the
    /// operator (`offhook registrations approve`).
    pub approves_after: Option<Duration>,
    /// How long an approval takes to spread among the carriers.
    pub propagation: Duration,
}

/// The gate is open and the operator decides.
impl Default for RegistrationSettings {
    fn default() -> Self {
        Self { required: false, approves_after: None, propagation: Duration::from_secs(600) }
    }
}
