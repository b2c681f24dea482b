//! Handsets: softphones that register to be called (RFC 3261 §10).

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rsipstack::{
    sip::{Header, Request, StatusCode, Transport, Uri, headers::typed::Contact},
    transport::SipAddr,
};

use super::{
    digest::{Digest, Verdict},
    headers,
};
use crate::host::DialTarget;

/// Longest registration granted.
const MAX_EXPIRES: u32 = 3600;
/// Registration without a wish.
const DEFAULT_EXPIRES: u32 = 3600;
/// Devices of one user.
const MAX_CONTACTS: usize = 5;
/// Users.
const MAX_USERS: usize = 10_000;

/// Who may register.
#[derive(Clone)]
pub struct RegistrarConfig {
    /// Shown by phones; part of the digest.
    pub realm: String,
    /// The password of every handset; never logged.
    pub password: String,
}

impl std::fmt::Debug for RegistrarConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistrarConfig").field("realm", &self.realm).finish_non_exhaustive()
    }
}

/// A registered device.
#[derive(Debug, Clone)]
struct Binding {
    contact: Uri,
    flow: SipAddr,
    expires_at: Instant,
}

/// The handsets, in memory: they register again after a restart.
pub struct Registrar {
    digest: Option<Digest>,
    bindings: Mutex<HashMap<String, Vec<Binding>>>,
}

/// A phone that is registered now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handset {
    /// Its user name: the number it is called under.
    pub user: String,
    /// Devices registered under it.
    pub devices: usize,
    /// When the last of them is forgotten, unless it registers again.
    pub expires_in: Duration,
}

/// The answer to a REGISTER.
pub struct Reply {
    pub status: StatusCode,
    pub headers: Vec<Header>,
}

impl Registrar {
    /// Without a configuration nobody may register.
    pub fn new(config: Option<RegistrarConfig>, secret: [u8; 32], now: Instant) -> Self {
        Self {
            digest: config.map(|c| Digest::new(c.realm, c.password, secret, now)),
            bindings: Mutex::new(HashMap::new()),
        }
    }

    /// Checks the credentials of a request.
    pub fn authenticate(&self, request: &Request, header: &str, source: IpAddr, now: Instant) -> Verdict {
        match &self.digest {
            None => Verdict::Wrong,
            Some(digest) => {
                let value = headers::value(&request.headers, header);
                digest.verify(value, &request.method.to_string(), source, now)
            }
        }
    }

    /// A challenge; none when nobody may authenticate.
    pub fn challenge(&self, stale: bool, now: Instant) -> Option<String> {
        self.digest.as_ref().map(|digest| digest.challenge(stale, now))
    }

    /// Answers a REGISTER that came over `flow`.
    pub fn register(&self, request: &Request, flow: &SipAddr, source: SocketAddr, now: Instant) -> Reply {
        let user = match self.authenticate(request, "Authorization", source.ip(), now) {
            Verdict::Proved(user) => user,
            Verdict::Challenge { stale } => {
                let challenge = self.challenge(stale, now).unwrap_or_default();
                return Reply {
                    status: StatusCode::Unauthorized,
                    headers: vec![Header::WwwAuthenticate(challenge.into())],
                };
            }
            Verdict::Wrong | Verdict::Blocked => {
                return Reply { status: StatusCode::Forbidden, headers: vec![] };
            }
        };
        // A handset registers itself only.
        if headers::value(&request.headers, "To").map(headers::user_of).as_deref() != Some(user.as_str()) {
            return Reply { status: StatusCode::Forbidden, headers: vec![] };
        }
        let wish = headers::value(&request.headers, "Expires")
            .and_then(|v| v.parse().ok())
            .unwrap_or(DEFAULT_EXPIRES);
        let mut bindings = self.bindings.lock().unwrap_or_else(PoisonError::into_inner);
        if bindings.len() >= MAX_USERS && !bindings.contains_key(&user) {
            bindings.retain(|_, devices| devices.iter().any(|d| d.expires_at > now));
            if bindings.len() >= MAX_USERS {
                return Reply { status: StatusCode::ServiceUnavailable, headers: vec![] };
            }
        }
        let devices = bindings.entry(user.clone()).or_default();
        devices.retain(|d| d.expires_at > now);
        let lines: Vec<String> = headers::values(&request.headers, "Contact").map(str::to_owned).collect();
        for line in &lines {
            if line == "*" {
                if wish == 0 {
                    devices.clear();
                }
                continue;
            }
            for contact in Contact::parse_header_list(line).unwrap_or_default() {
                let expires = contact.expires().unwrap_or(wish).min(MAX_EXPIRES);
                devices.retain(|d| d.contact != contact.uri);
                if expires > 0 {
                    let expires_at = now + Duration::from_secs(u64::from(expires));
                    devices.push(Binding { contact: contact.uri, flow: flow.clone(), expires_at });
                }
            }
        }
        let surplus = devices.len().saturating_sub(MAX_CONTACTS);
        devices.drain(..surplus);
        let mut out: Vec<Header> = devices
            .iter()
            .map(|d| {
                let left = d.expires_at.saturating_duration_since(now).as_secs();
                Header::Contact(format!("<{}>;expires={left}", d.contact).into())
            })
            .collect();
        if devices.is_empty() {
            bindings.remove(&user);
        } else {
            out.push(Header::Supported(headers::SUPPORTED.into()));
        }
        Reply { status: StatusCode::OK, headers: out }
    }

    /// Who is registered, by user name.
    pub fn handsets(&self, now: Instant) -> Vec<Handset> {
        let bindings = self.bindings.lock().unwrap_or_else(PoisonError::into_inner);
        let handset = |(user, devices): (&String, &Vec<Binding>)| {
            let left = devices.iter().map(|d| d.expires_at).filter(|at| *at > now);
            let expires_in = left.clone().max()?.saturating_duration_since(now);
            Some(Handset { user: user.clone(), devices: left.count(), expires_in })
        };
        let mut handsets: Vec<_> = bindings.iter().filter_map(handset).collect();
        handsets.sort_unstable_by(|a, b| a.user.cmp(&b.user));
        handsets
    }

    /// Ways to reach a handset, latest registration first.
    pub fn contacts(&self, user: &str, now: Instant) -> Vec<DialTarget> {
        let bindings = self.bindings.lock().unwrap_or_else(PoisonError::into_inner);
        let devices = bindings.get(user).map(Vec::as_slice).unwrap_or_default();
        devices
            .iter()
            .rev()
            .filter(|d| d.expires_at > now)
            .map(|d| DialTarget {
                uri: d.contact.to_string(),
                proxy: None,
                transport: d.flow.r#type.map(|t| t.to_string().to_ascii_lowercase()),
                credentials: None,
                caller_id: String::new(),
            })
            .collect()
    }

    /// The flow behind a contact, by user, host and port.
    pub fn flow_of(&self, uri: &Uri) -> Option<SipAddr> {
        let bindings = self.bindings.lock().unwrap_or_else(PoisonError::into_inner);
        let same =
            |d: &&Binding| d.contact.auth == uri.auth && d.contact.host_with_port == uri.host_with_port;
        bindings.values().flatten().find(same).map(|d| d.flow.clone())
    }
}

/// The flow a request came over.
pub fn flow(source: SocketAddr, transport: Transport) -> SipAddr {
    SipAddr { r#type: Some(transport), addr: source.into() }
}
