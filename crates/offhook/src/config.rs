//! The settings: read from their layers, checked all at once, typed.

pub mod layers;
mod mail;
mod prices;
mod reader;
mod retention;
mod secrets;
mod show;

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Table;

pub use layers::Fault;
pub use mail::{Mail, Signup};
use offhook_model::{e164::E164, usage::PriceBook};
use offhook_server::{compose::Keys, deliver::DeliverySettings, limits::Rates, settings::RetentionSettings};
use reader::Reader;

/// The manual, carried in the binary.
pub const DEFAULTS: &str = include_str!("../../../config.default.toml");

/// Every setting, checked. Field for field the keys of `config.default.toml`,
/// which says what each means.
#[derive(Debug, Clone)]
pub struct Config {
    pub data_dir: PathBuf,
    pub http_listen: SocketAddr,
    pub http_public_url: Option<String>,
    pub trusted_proxies: Vec<ipnet::IpNet>,
    pub idempotency_window: Duration,
    pub sip: Sip,
    pub media: Media,
    pub store_url: String,
    pub keys: Keys,
    /// None: as large as the disk.
    pub store_max_bytes: Option<u64>,
    pub spool_max_bytes: u64,
    pub blobs: PathBuf,
    pub bootstrap_key: Option<String>,
    pub llm: Llm,
    pub stt: Speech,
    /// None: the engine decides.
    pub stt_max_streams: Option<usize>,
    pub tts: Speech,
    pub sim_enabled: bool,
    pub handset_password: Option<String>,
    pub allow_private: bool,
    pub allow: Vec<ipnet::IpNet>,
    pub deny: Vec<ipnet::IpNet>,
    pub retry_delays: Vec<Duration>,
    pub deliveries: DeliverySettings,
    pub mail: Mail,
    pub signup: Signup,
    pub registration: Registration,
    pub limits: Limits,
    pub billing_enabled: bool,
    pub prices: PriceBook,
    pub messages: Messages,
    pub retention: RetentionSettings,
    pub recording_enabled: bool,
    pub log: Log,
    pub trunks: Vec<Trunk>,
    /// What was merged, for `config show`.
    pub table: Table,
}

#[derive(Debug, Clone)]
pub struct Sip {
    pub listen: SocketAddr,
    pub advertised: Option<SocketAddr>,
    pub ring_timeout: Duration,
    pub answer_after: Duration,
    pub max_calls: usize,
    pub drain: Duration,
    pub drain_goodbye: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Media {
    pub address: Option<IpAddr>,
    pub ports: RangeInclusive<u16>,
    pub threads: usize,
    pub rtp_timeout: Duration,
    pub realtime: bool,
}

#[derive(Debug, Clone)]
pub struct Llm {
    pub base_url: Option<String>,
    pub api_key: Option<String>,
    pub turbo: Option<String>,
    pub balanced: Option<String>,
    pub max: Option<String>,
    pub first_token_timeout: Duration,
    pub idle_timeout: Duration,
}

/// One direction of speech.
#[derive(Debug, Clone)]
pub struct Speech {
    /// `embedded` or `openai`.
    pub provider: String,
    pub base_url: Option<String>,
    pub api_key: Option<String>,
    pub model: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Registration {
    pub required: bool,
    /// None: the operator approves.
    pub approves_after: Option<Duration>,
    pub propagation: Duration,
}

#[derive(Debug, Clone)]
pub struct Limits {
    pub enabled: bool,
    pub concurrent_calls: u32,
    pub max_call_duration: Duration,
    pub numbers: u32,
    /// None: requests are not counted.
    pub rates: Option<Rates>,
}

#[derive(Debug, Clone)]
pub struct Messages {
    /// None: no limit.
    pub per_minute: Option<u32>,
    pub max_media_bytes: u64,
    pub media_timeout: Duration,
    pub system_number: Option<E164>,
}

#[derive(Debug, Clone)]
pub struct Log {
    pub level: String,
    pub json: bool,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    pub name: String,
    pub uri: String,
    #[serde(default)]
    pub proxy: String,
    #[serde(default)]
    pub transport: String,
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub password: String,
    #[serde(default)]
    pub caller_id: String,
    #[serde(default)]
    pub numbers: Vec<E164>,
}

impl Config {
    /// Reads defaults, `file` and the process's environment.
    ///
    /// # Errors
    /// Every fault there is, not only the first.
    pub fn load(file: Option<&Path>) -> Result<Self, Vec<Fault>> {
        Self::from_layers(file, std::env::vars())
    }

    fn from_layers(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<Fault>> {
        let (table, mut faults) = layers::merge(DEFAULTS, file, environment);
        let mut reader = Reader::new(&table);
        let config = Self::read(&mut reader, &table);
        faults.append(&mut reader.faults);
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    fn read(r: &mut Reader<'_>, table: &Table) -> Self {
        let data_dir = r.optional("data_dir").map_or_else(default_data_dir, PathBuf::from);
        refuse_what_is_not_there(r);
        let http_listen = r.address("http.listen");
        let trunks = trunks(r, table);
        let sim = r.word("sim.enabled", &["auto", "on", "off", "true", "false"]);
        let sim_enabled = matches!(sim.as_str(), "on" | "true") || (sim == "auto" && trunks.is_empty());
        Self {
            http_listen,
            http_public_url: web_address(r, "http.public_url"),
            trusted_proxies: networks(r, "http.trusted_proxies"),
            idempotency_window: r.duration("http.idempotency_window"),
            sip: Sip {
                listen: r.address("sip.listen"),
                advertised: advertised(r),
                ring_timeout: r.duration("sip.ring_timeout"),
                answer_after: r.duration("sip.answer_after"),
                max_calls: usize::try_from(r.number("sip.max_calls", 1..=100_000)).unwrap_or(1),
                drain: r.duration("sip.drain"),
                drain_goodbye: r.optional("sip.drain_goodbye"),
            },
            media: media(r),
            store_url: r
                .optional("store.url")
                .unwrap_or_else(|| format!("sqlite://{}", data_dir.join("offhook.db").display())),
            keys: secrets::read(r, &data_dir),
            store_max_bytes: u64::try_from(r.number("store.max_bytes", 0..=i64::MAX)).ok().filter(|&n| n > 0),
            spool_max_bytes: r.number("spool.max_bytes", 65_536..=1_099_511_627_776).unsigned_abs(),
            blobs: r.optional("store.blobs").map_or_else(|| data_dir.join("blobs"), PathBuf::from),
            bootstrap_key: r.optional("auth.bootstrap_key"),
            llm: llm(r),
            stt: speech(r, "stt"),
            stt_max_streams: usize::try_from(r.number("stt.max_streams", 0..=256)).ok().filter(|&n| n > 0),
            tts: speech(r, "tts"),
            sim_enabled,
            handset_password: r.optional("sim.handset_password"),
            allow_private: r.flag("webhooks.allow_private"),
            allow: networks(r, "webhooks.allow"),
            deny: networks(r, "webhooks.deny"),
            retry_delays: r.durations("webhooks.retry_delays"),
            deliveries: deliveries(r),
            mail: mail::read(r, &data_dir),
            signup: mail::signup(r, sim_enabled && http_listen.ip().is_loopback()),
            registration: registration(r, sim_enabled),
            limits: limits(r),
            billing_enabled: r.flag("billing.enabled"),
            prices: prices::read(r),
            messages: messages(r),
            retention: retention::read(r),
            recording_enabled: r.flag("recording.enabled"),
            log: Log { level: r.text("log.level"), json: r.word("log.format", &["text", "json"]) == "json" },
            trunks,
            table: table.clone(),
            data_dir,
        }
    }

    /// The settings in force as TOML, secrets hidden.
    pub fn show(&self) -> String {
        show::show(&self.table)
    }
}

/// Keys that belong to later versions are refused with a reason, not ignored.
fn refuse_what_is_not_there(r: &mut Reader<'_>) {
    if r.optional("sip.tls_listen").is_some() {
        r.fault(
            "sip.tls_listen",
            "SIP over TLS is not in this version; put a proxy in front, or leave it empty",
        );
    }
    if r.optional("bus.url").is_some() {
        r.fault("bus.url", "several nodes are not in this version; leave it empty");
    }
    if r.text("store.blobs").starts_with("s3://") {
        r.fault("store.blobs", "object storage is not in this version; name a directory");
    }
    let url = r.text("store.url");
    let known = ["sqlite://", "postgres://", "postgresql://"];
    if !url.is_empty() && !known.iter().any(|scheme| url.starts_with(scheme)) {
        r.fault("store.url", "begins with neither sqlite:// nor postgres://");
    }
}

fn deliveries(r: &mut Reader<'_>) -> DeliverySettings {
    let mut count = |path: &str, most: i64| u32::try_from(r.number(path, 1..=most)).unwrap_or(1);
    let in_flight = count("webhooks.in_flight", 10_000);
    let retries_in_flight = count("webhooks.retries_in_flight", 10_000);
    let per_endpoint = count("webhooks.per_endpoint", 10_000);
    let breaker_failures = count("webhooks.breaker_failures", 1_000_000);
    DeliverySettings {
        in_flight,
        retries_in_flight,
        per_endpoint,
        breaker_failures,
        breaker_pause: r.duration("webhooks.breaker_pause"),
        breaker_longest_pause: r.duration("webhooks.breaker_longest_pause"),
    }
}

/// An IP address, with or without a port (then the one that is listened on).
fn advertised(r: &mut Reader<'_>) -> Option<SocketAddr> {
    let text = r.optional("sip.advertised")?;
    let address = text.parse().or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 0)));
    if address.is_err() {
        r.fault("sip.advertised", format!("`{text}` is not an IP address, with or without a port"));
    }
    address.ok()
}

fn media(r: &mut Reader<'_>) -> Media {
    let address = r.optional("media.address").and_then(|text| {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            r.fault("media.address", format!("`{text}` is not an IP address"));
        }
        parsed
    });
    Media {
        address,
        ports: r.ports("media.ports"),
        threads: usize::try_from(r.number("media.threads", 0..=256)).unwrap_or(0),
        rtp_timeout: r.duration("media.rtp_timeout"),
        realtime: r.flag("media.realtime"),
    }
}

fn llm(r: &mut Reader<'_>) -> Llm {
    let llm = Llm {
        base_url: web_address(r, "llm.base_url"),
        api_key: r.optional("llm.api_key"),
        turbo: r.optional("llm.turbo"),
        balanced: r.optional("llm.balanced"),
        max: r.optional("llm.max"),
        first_token_timeout: r.duration("llm.first_token_timeout"),
        idle_timeout: r.duration("llm.idle_timeout"),
    };
    let names = [&llm.turbo, &llm.balanced, &llm.max];
    if llm.base_url.is_some() && names.iter().all(|name| name.is_none()) {
        r.fault("llm.balanced", "llm.base_url is set but no model is named; set at least llm.balanced");
    }
    llm
}

fn speech(r: &mut Reader<'_>, section: &str) -> Speech {
    let provider = r.word(&format!("{section}.provider"), &["embedded", "openai"]);
    let key = format!("{section}.base_url");
    let base_url = web_address(r, &key);
    if provider == "openai" && base_url.is_none() {
        r.fault(&key, "the openai provider needs the server's address, such as http://127.0.0.1:8000/v1");
    }
    Speech {
        provider,
        base_url,
        api_key: r.optional(&format!("{section}.api_key")),
        model: r.optional(&format!("{section}.model")),
    }
}

fn registration(r: &mut Reader<'_>, sim_enabled: bool) -> Registration {
    let required = r.word("registration.required", &["auto", "on", "off", "true", "false"]);
    let approval = r.word("registration.approval", &["auto", "manual"]);
    let delay = r.duration("registration.approval_delay");
    Registration {
        required: matches!(required.as_str(), "on" | "true") || (required == "auto" && !sim_enabled),
        approves_after: (approval == "auto").then_some(delay),
        propagation: r.duration("registration.propagation"),
    }
}

fn limits(r: &mut Reader<'_>) -> Limits {
    let minutes = r.number("limits.max_call_duration_minutes", 1..=1_440);
    Limits {
        enabled: r.flag("limits.enabled"),
        concurrent_calls: u32::try_from(r.number("limits.concurrent_calls", 1..=100_000)).unwrap_or(1),
        max_call_duration: Duration::from_secs(60 * minutes.unsigned_abs()),
        numbers: u32::try_from(r.number("limits.numbers", 0..=1_000_000)).unwrap_or(0),
        rates: rates(r),
    }
}

/// The table is checked also when it is switched off.
fn rates(r: &mut Reader<'_>) -> Option<Rates> {
    let routes = r.strings("limits.rates.routes");
    let routes = routes.iter().map(|(key, text)| (key.as_str(), text.as_str()));
    match Rates::parse(&r.text("limits.rates.default"), &r.text("limits.rates.unauthorized"), routes) {
        Ok(rates) => r.flag("limits.rates.enabled").then_some(rates),
        Err(faults) => {
            for fault in faults {
                let listed = fault.key.contains(['/', ' ']);
                let section = if listed { "limits.rates.routes" } else { "limits.rates" };
                r.fault(&format!("{section}.{}", fault.key), fault.problem);
            }
            None
        }
    }
}

fn messages(r: &mut Reader<'_>) -> Messages {
    let per_minute = r.number("messages.per_minute", 0..=1_000_000);
    let system_number = r.optional("messages.system_number").and_then(|text| {
        let number = text.parse().ok();
        if number.is_none() {
            r.fault("messages.system_number", format!("`{text}` is not a number such as +14155550100"));
        }
        number
    });
    Messages {
        per_minute: u32::try_from(per_minute).ok().filter(|&n| n > 0),
        max_media_bytes: r.number("messages.max_media_bytes", 1..=1_000_000_000).unsigned_abs(),
        media_timeout: r.duration("messages.media_timeout"),
        system_number,
    }
}

fn trunks(r: &mut Reader<'_>, table: &Table) -> Vec<Trunk> {
    let Some(value) = table.get("trunks") else { return Vec::new() };
    let trunks: Vec<Trunk> = match value.clone().try_into() {
        Ok(trunks) => trunks,
        Err(error) => {
            r.fault("trunks", format!("write each trunk as a [[trunks]] section: {error}"));
            return Vec::new();
        }
    };
    for trunk in &trunks {
        if !trunk.uri.starts_with("sip:") {
            r.fault("trunks", format!("trunk `{}`: `{}` is not a sip: URI", trunk.name, trunk.uri));
        }
        if !["", "udp", "tcp"].contains(&trunk.transport.as_str()) {
            r.fault("trunks", format!("trunk `{}`: transport is udp or tcp", trunk.name));
        }
    }
    trunks
}

fn networks(r: &mut Reader<'_>, path: &str) -> Vec<ipnet::IpNet> {
    let mut networks = Vec::new();
    for text in r.texts(path) {
        match text.parse() {
            Ok(network) => networks.push(network),
            Err(_) => r.fault(path, format!("`{text}` is not a network such as 10.1.2.0/24")),
        }
    }
    networks
}

/// An http or https address without a trailing slash.
fn web_address(r: &mut Reader<'_>, path: &str) -> Option<String> {
    let text = r.optional(path)?;
    match url::Url::parse(&text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) => Some(text.trim_end_matches('/').to_owned()),
        _ => {
            r.fault(path, format!("`{text}` is not an http(s) address"));
            None
        }
    }
}

fn default_data_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_DATA_HOME")
        .or_else(|| Some(set("HOME")?.join(".local/share")))
        .map_or_else(|| PathBuf::from("data"), |base| base.join("offhook"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Config, Vec<Fault>> {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::from_layers(None, pairs.into_iter())
    }

    #[test]
    fn the_manual_is_a_working_configuration() {
        let config = load(&[]).unwrap();
        assert_eq!(config.http_listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.retry_delays.len(), 5);
        assert!(config.sim_enabled && config.trunks.is_empty());
    }

    #[test]
    fn an_engine_that_needs_an_address_says_so() {
        let faults = load(&[("OFFHOOK__STT__PROVIDER", "openai")]).unwrap_err();
        assert!(faults[0].to_string().starts_with("stt.base_url: the openai provider needs"));
    }

    #[test]
    fn what_this_version_lacks_is_refused() {
        let keys =
            [("OFFHOOK__SIP__TLS_LISTEN", "0.0.0.0:5061"), ("OFFHOOK__BUS__URL", "nats://127.0.0.1:4222")];
        assert_eq!(load(&keys).unwrap_err().len(), 2);
    }

    #[test]
    fn rates_are_changed_route_by_route_and_unknown_routes_are_faults() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("t.toml");
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        let load = |env: &[(&str, &str)]| {
            let env: Vec<_> = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Config::from_layers(Some(&file), env.into_iter())
        };
        let own = "[limits.rates.routes]\n\"POST /v1/numbers\" = \"off\"\n\"GET /v1/calls\" = \"5/s\"\n";
        write(own);
        let rates = load(&[]).unwrap().limits.rates.unwrap();
        let of = |path: &str| rates.routes.iter().find(|(_, template, _)| template == path).unwrap().2.len();
        assert_eq!((of("/v1/numbers"), of("/v1/calls"), of("/v1/webhooks/test")), (0, 1, 1));
        let off = load(&[("OFFHOOK__LIMITS__RATES__ENABLED", "false")]).unwrap();
        assert_eq!(off.limits.rates, None);
        write("[limits.rates]\ndefault = \"many\"\n[limits.rates.routes]\n\"GET /v1/nothing\" = \"5/s\"\n");
        let faults = load(&[]).unwrap_err();
        let sources: Vec<_> = faults.iter().map(|fault| fault.source.as_str()).collect();
        assert_eq!(sources, ["limits.rates.default", "limits.rates.routes.GET /v1/nothing"]);
    }

    #[test]
    fn a_trunk_switches_the_simulated_carrier_off() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("t.toml");
        std::fs::write(&file, "[[trunks]]\nname = \"main\"\nuri = \"sip:carrier.example\"\n").unwrap();
        let config = Config::from_layers(Some(&file), std::iter::empty()).unwrap();
        assert!(!config.sim_enabled);
        std::fs::write(&file, "[[trunks]]\nname = \"main\"\nuri = \"sip:c\"\ncolour = 1\n").unwrap();
        assert!(Config::from_layers(Some(&file), std::iter::empty()).is_err());
    }

    #[test]
    fn secrets_are_hidden_when_shown() {
        let config = load(&[("OFFHOOK__AUTH__BOOTSTRAP_KEY", "sk_live_secret")]).unwrap();
        let shown = config.show();
        assert!(!shown.contains("sk_live_secret"));
        assert!(shown.contains("bootstrap_key = \"(hidden)\""));
    }
}
