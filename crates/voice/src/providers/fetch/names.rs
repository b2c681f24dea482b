//! Names become addresses, and closed addresses go no further.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{FetchError, FetchPolicy};

/// Who knows the addresses of names.
pub trait Resolver: Send + Sync + 'static {
    /// Every address of this name.
    fn addresses(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The machine's own resolver.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn addresses(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Hands on only what the policy admits.
pub(super) struct Guarded {
    pub(super) names: Arc<dyn Resolver>,
    pub(super) policy: Arc<FetchPolicy>,
    /// Whether it is for connections without TLS.
    pub(super) plain: bool,
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("plain", &self.plain).finish_non_exhaustive()
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, plain) = (Arc::clone(&self.policy), self.plain);
        let found = self.names.addresses(name.as_str());
        Box::pin(async move {
            let found = found.await?;
            let admitted: Vec<IpAddr> = found.iter().copied().filter(|&ip| policy.admits(ip)).collect();
            if admitted.is_empty() && !found.is_empty() {
                return Err(FetchError::Forbidden { host: name.as_str().to_owned() }.into());
            }
            let open: Vec<SocketAddr> = admitted
                .iter()
                .filter(|&&ip| !plain || policy.admits_plain(ip))
                .map(|&ip| SocketAddr::new(ip, 0))
                .collect();
            if open.is_empty() && !admitted.is_empty() {
                return Err(FetchError::NotHttps.into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}
