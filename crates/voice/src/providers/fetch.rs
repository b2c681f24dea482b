//! The one HTTP client for addresses that tenants choose: webhooks, tools, media.
//!
//! It reaches public addresses only. The resolver drops every other address
//! before a connection is made, so a name that changes its mind between check
//! and use gains nothing; addresses written in the URL never reach a resolver
//! and are checked first. Redirects are not followed and no proxy is used.

mod address;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use ipnet::IpNet;
use reqwest::{
    Method, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderMap, HeaderName, HeaderValue},
};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

pub use address::is_public;

/// How long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(5);

/// Which addresses may be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchPolicy {
    /// Also private addresses and plain http: for tests and closed networks.
    /// Link-local addresses (cloud metadata) stay closed even then.
    pub allow_private: bool,
    /// Networks that are allowed whatever they are.
    pub allow: Vec<IpNet>,
}

impl FetchPolicy {
    /// Whether this address may be connected to.
    #[must_use]
    pub fn admits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.allow.iter().any(|net| net.contains(&ip))
            || is_public(ip)
            || (self.allow_private && !address::is_link_local(ip))
    }

    /// Checks what can be known of a URL without the network: scheme, host,
    /// and the address when it is written out (in any notation).
    ///
    /// # Errors
    /// [`FetchError::BadUrl`], [`FetchError::NotHttps`] or [`FetchError::Forbidden`].
    pub fn check(&self, url: &str) -> Result<Url, FetchError> {
        let url = Url::parse(url).map_err(|error| FetchError::BadUrl { reason: error.to_string() })?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_private => {}
            _ => return Err(FetchError::NotHttps),
        }
        let literal = match url.host() {
            None => return Err(FetchError::BadUrl { reason: "no host".to_owned() }),
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(_)) => None,
        };
        match literal {
            Some(ip) if !self.admits(ip) => Err(FetchError::Forbidden { host: ip.to_string() }),
            _ => Ok(url),
        }
    }
}

/// A request failed. The texts are fit for delivery logs and models.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The client could not be built (no TLS roots, for instance).
    #[error("the http client cannot start: {reason}")]
    Build {
        /// Why.
        reason: String,
    },
    /// Not a URL.
    #[error("bad url: {reason}")]
    BadUrl {
        /// Why.
        reason: String,
    },
    /// Only https is allowed.
    #[error("only https is allowed")]
    NotHttps,
    /// A header the client may not send.
    #[error("bad header {name}")]
    BadHeader {
        /// Which.
        name: String,
    },
    /// A private, loopback or otherwise closed address.
    #[error("{host} is not a public address")]
    Forbidden {
        /// Host or address.
        host: String,
    },
    /// No connection, or it broke.
    #[error("connection failed: {reason}")]
    Connection {
        /// Why.
        reason: String,
    },
    /// The time for the whole exchange ran out.
    #[error("timeout after {}s", after.as_secs())]
    Timeout {
        /// The limit.
        after: Duration,
    },
}

/// A request to an address a tenant chose.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// HTTP method.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// Names and values, later ones replacing earlier ones.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Bytes>,
    /// For the whole exchange, body included.
    pub timeout: Duration,
    /// Bytes of response body that are read; what follows is not.
    pub max_body_bytes: usize,
}

/// See the module's description. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FetchClient {
    http: reqwest::Client,
    policy: Arc<FetchPolicy>,
}

impl FetchClient {
    /// A client that obeys `policy`.
    ///
    /// # Errors
    /// [`FetchError::Build`] when TLS cannot be set up.
    pub fn new(policy: FetchPolicy) -> Result<Self, FetchError> {
        let policy = Arc::new(policy);
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .https_only(!policy.allow_private)
            .connect_timeout(CONNECT)
            .dns_resolver(PublicResolver(Arc::clone(&policy)))
            .build()
            .map_err(|error| FetchError::Build { reason: root_cause(&error) })?;
        Ok(Self { http, policy })
    }

    /// The rules it obeys.
    #[must_use]
    pub fn policy(&self) -> &FetchPolicy {
        &self.policy
    }

    /// Sends a request and returns once the response's head has arrived.
    ///
    /// # Errors
    /// See [`FetchError`]; a status other than 2xx is no error here.
    pub async fn send(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let url = self.policy.check(&request.url)?;
        let headers = header_map(&request.headers)?;
        let deadline = Instant::now() + request.timeout;
        let mut builder = self.http.request(request.method, url).headers(headers);
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let response = timeout_at(deadline, builder.send())
            .await
            .map_err(|_| FetchError::Timeout { after: request.timeout })?
            .map_err(|error| connection_error(&error))?;
        if let Some(peer) = response.remote_addr()
            && !self.policy.admits(peer.ip())
        {
            return Err(FetchError::Forbidden { host: peer.ip().to_string() });
        }
        Ok(FetchResponse { response, deadline, timeout: request.timeout, left: request.max_body_bytes })
    }
}

/// A response whose body is still arriving.
#[derive(Debug)]
pub struct FetchResponse {
    response: reqwest::Response,
    deadline: Instant,
    timeout: Duration,
    left: usize,
}

impl FetchResponse {
    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The media type in lower case, without parameters; empty when missing.
    #[must_use]
    pub fn content_type(&self) -> String {
        let value = self.response.headers().get(reqwest::header::CONTENT_TYPE);
        let text = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The next piece of the body; none at its end or at the size limit.
    ///
    /// # Errors
    /// [`FetchError::Timeout`] and [`FetchError::Connection`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        if self.left == 0 {
            return Ok(None);
        }
        let chunk = timeout_at(self.deadline, self.response.chunk())
            .await
            .map_err(|_| FetchError::Timeout { after: self.timeout })?
            .map_err(|error| FetchError::Connection { reason: root_cause(&error) })?;
        Ok(chunk.map(|chunk| {
            let taken = chunk.slice(..chunk.len().min(self.left));
            self.left -= taken.len();
            taken
        }))
    }

    /// The whole body, as far as the limit allows; invalid UTF-8 is replaced.
    ///
    /// # Errors
    /// As [`Self::chunk`].
    pub async fn text(&mut self) -> Result<String, FetchError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

/// Resolves through the system and drops closed addresses.
#[derive(Debug)]
struct PublicResolver(Arc<FetchPolicy>);

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let open: Vec<SocketAddr> = found.iter().copied().filter(|a| policy.admits(a.ip())).collect();
            if open.is_empty() && !found.is_empty() {
                return Err(FetchError::Forbidden { host: name.as_str().to_owned() }.into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, FetchError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let bad = || FetchError::BadHeader { name: name.clone() };
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        // These frame the message; a foreign value would break it.
        if ["host", "content-length", "transfer-encoding", "connection", "upgrade"].contains(&key.as_str()) {
            return Err(bad());
        }
        map.insert(key, HeaderValue::from_str(value).map_err(|_| bad())?);
    }
    Ok(map)
}

fn connection_error(error: &reqwest::Error) -> FetchError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(ours) = cause.downcast_ref::<FetchError>() {
            return ours.clone();
        }
        source = cause.source();
    }
    if error.is_timeout() {
        return FetchError::Timeout { after: CONNECT };
    }
    FetchError::Connection { reason: root_cause(error) }
}

/// The innermost cause, which says what happened; the outer ones repeat the URL.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
