//! The one HTTP client for addresses that tenants choose: webhooks, tools, media.
//!
//! It reaches public addresses only, and **no byte leaves for any other**:
//!
//! - A connection is made either to an address written in the URL, which
//!   [`FetchPolicy::check`] has judged (the URL's parser knows every notation:
//!   decimal, octal, hexadecimal, shortened, mapped, full-width digits), or to
//!   one that the resolver handed on, and [`names::Guarded`] hands on nothing
//!   that is closed. Between that and the connection nothing resolves again: a
//!   name that changes its mind gains nothing.
//! - A connection that is used again was made like that, and is used again only
//!   for the same scheme, name and port. Connections are never shared between
//!   names (HTTP/2 would allow it; the client does not do it).
//! - Redirects are answers like any other and are not followed. No proxy is
//!   used, whatever the environment says.
//! - Plain http has a client of its own, which reaches only what the operator
//!   opened for it.
//!
//! The address of the other end is looked at once more when the response's head
//! is there. By the above that never finds anything; it is there for the day
//! when the client beneath does otherwise.

mod address;
mod names;
mod policy;
mod ports;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use tokio::time::{Instant, timeout_at};

pub use address::is_public;
pub use names::{Resolver, SystemResolver};
pub use policy::FetchPolicy;

use names::Guarded;

/// How long a connection may take, TLS included.
const CONNECT: Duration = Duration::from_secs(5);

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
    https: reqwest::Client,
    plain: reqwest::Client,
    policy: Arc<FetchPolicy>,
}

impl FetchClient {
    /// A client that obeys `policy` and asks the machine's resolver.
    ///
    /// # Errors
    /// [`FetchError::Build`] when TLS cannot be set up.
    pub fn new(policy: FetchPolicy) -> Result<Self, FetchError> {
        Self::with_resolver(policy, Arc::new(SystemResolver))
    }

    /// As [`Self::new`], with names looked up elsewhere.
    ///
    /// # Errors
    /// [`FetchError::Build`] when TLS cannot be set up.
    pub fn with_resolver(policy: FetchPolicy, names: Arc<dyn Resolver>) -> Result<Self, FetchError> {
        let policy = Arc::new(policy);
        let client = |plain: bool| {
            let names = Guarded { names: Arc::clone(&names), policy: Arc::clone(&policy), plain };
            reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .https_only(!plain)
                .connect_timeout(CONNECT)
                .dns_resolver(names)
                .build()
                .map_err(|error| FetchError::Build { reason: root_cause(&error) })
        };
        Ok(Self { https: client(false)?, plain: client(true)?, policy })
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
        let http = if url.scheme() == "https" { &self.https } else { &self.plain };
        let mut builder = http.request(request.method, url).headers(headers);
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
