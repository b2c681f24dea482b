//! Where a request goes: registered handsets are reached by the flow they
//! registered over, as behind NAT their Contact leads nowhere (RFC 5626 §4).

use std::{future::Future, pin::Pin, sync::Arc};

use rsipstack::{Error, sip::Uri, transaction::endpoint::TargetLocator, transport::SipAddr};

use super::registrar::Registrar;

/// Finds the address of a request URI.
pub struct Locator(pub Arc<Registrar>);

impl TargetLocator for Locator {
    fn locate<'life0, 'life1, 'async_trait>(
        &'life0 self,
        uri: &'life1 Uri,
    ) -> Pin<Box<dyn Future<Output = Result<SipAddr, Error>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        let address = match self.0.flow_of(uri) {
            Some(flow) => Ok(flow),
            None => SipAddr::try_from(uri),
        };
        Box::pin(std::future::ready(address))
    }
}
