//! What the API asks of the phone engine.
//!
//! A trait so that the API is tested without sockets; in the binary it is
//! implemented over `offhook_engine`.

use std::{future::Future, pin::Pin};

use offhook_engine::{endpoint::Handset, host::DialTarget};
use offhook_model::{call::EndReason, id::CallId, plan::CallPlan};

/// A boxed future, so that engines can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The engine cannot take a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// The process is draining or overloaded.
    #[error("the engine takes no new calls: {0}")]
    Refused(String),
}

/// The phone engine of this process.
pub trait Telephony: Send + Sync {
    /// Starts an outbound call; its progress comes as reports to the call host.
    fn dial(&self, plan: CallPlan, targets: Vec<DialTarget>) -> BoxFuture<'_, Result<(), DialError>>;

    /// Ends a call that runs here; false when none does.
    fn hang_up<'a>(&'a self, call: &'a CallId, reason: EndReason) -> BoxFuture<'a, bool>;

    /// Where the handset registered under this number can be called, the
    /// latest registration first. None where nothing can register.
    fn handset_contacts(&self, number: &str) -> Vec<DialTarget> {
        let _ = number;
        Vec::new()
    }

    /// The handsets that are registered now. None where nothing can register.
    fn handsets(&self) -> Vec<Handset> {
        Vec::new()
    }
}
