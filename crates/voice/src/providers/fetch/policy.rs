//! Which addresses tenants may have fetched.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use super::{FetchError, address, is_public, ports};

/// Which addresses may be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchPolicy {
    /// Also private addresses and plain http: for tests and closed networks.
    /// Link-local addresses (cloud metadata) stay closed even then.
    pub allow_private: bool,
    /// Networks that are allowed whatever they are, also over plain http.
    pub allow: Vec<IpNet>,
    /// Networks that are closed whatever else allows them: public addresses of
    /// one's own, and the prefix of a NAT64 of one's own, which leads anywhere.
    pub deny: Vec<IpNet>,
}

impl FetchPolicy {
    /// Whether this address may be connected to.
    #[must_use]
    pub fn admits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        !contains(&self.deny, ip)
            && (contains(&self.allow, ip)
                || is_public(ip)
                || (self.allow_private && !address::is_link_local(ip)))
    }

    /// Whether it may be connected to without TLS.
    pub(super) fn admits_plain(&self, ip: IpAddr) -> bool {
        self.admits(ip) && (self.allow_private || contains(&self.allow, ip.to_canonical()))
    }

    /// Checks what can be known of a URL without the network: scheme, host,
    /// port, and the address when it is written out (in any notation). What a
    /// name leads to is checked when it is resolved.
    ///
    /// # Errors
    /// [`FetchError::BadUrl`], [`FetchError::NotHttps`] or [`FetchError::Forbidden`].
    pub fn check(&self, url: &str) -> Result<Url, FetchError> {
        let url = Url::parse(url).map_err(|error| FetchError::BadUrl { reason: error.to_string() })?;
        let plain = match url.scheme() {
            "https" => false,
            "http" if self.allow_private || !self.allow.is_empty() => true,
            _ => return Err(FetchError::NotHttps),
        };
        let literal = match url.host() {
            None => return Err(FetchError::BadUrl { reason: "no host".to_owned() }),
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(_)) => None,
        };
        // A closed network of one's own may have web servers anywhere.
        if let Some(port) = url.port().filter(|port| !self.allow_private && ports::is_closed(*port)) {
            return Err(FetchError::BadUrl { reason: format!("port {port} is not one of web servers") });
        }
        match literal {
            Some(ip) if !self.admits(ip) => Err(FetchError::Forbidden { host: ip.to_string() }),
            Some(ip) if plain && !self.admits_plain(ip) => Err(FetchError::NotHttps),
            _ => Ok(url),
        }
    }
}

fn contains(networks: &[IpNet], ip: IpAddr) -> bool {
    networks.iter().any(|net| net.contains(&ip))
}
