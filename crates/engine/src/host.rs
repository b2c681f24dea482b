//! What the engine asks of the process it runs in.

use std::{future::Future, net::SocketAddr, pin::Pin};

use offhook_model::{e164::E164, id::CallId, plan::CallPlan, report::CallReport};

/// A boxed future, so that hosts can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An INVITE from outside any dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// User part of the request URI, percent-decoded: what was dialled.
    pub dialled: String,
    /// User part of From (or P-Asserted-Identity from a trusted trunk).
    pub caller: String,
    /// Where it came from.
    pub source: SocketAddr,
    /// The handset that authenticated, by its user name, when one did.
    pub handset: Option<String>,
    /// The Call-ID, for logs.
    pub sip_call_id: String,
}

/// What to do with an arrival.
#[derive(Debug)]
pub enum Admission {
    /// Answer it with this call.
    Answer(Box<CallPlan>),
    /// Connect it to somebody else (a handset calling a handset or test number).
    Connect(Vec<DialTarget>),
    /// Refuse it: 404 unknown number, 480 no agent, 486/503 limits…
    Reject {
        /// SIP status, 400 to 699.
        status: u16,
        /// Reason phrase.
        reason: &'static str,
    },
}

/// One way to reach a number; several are tried in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialTarget {
    /// Request URI, e.g. `sip:+14155550123@127.0.0.1:5080`.
    pub uri: String,
    /// Address to send to instead of the URI's host (outbound proxy).
    pub proxy: Option<String>,
    /// `udp`, `tcp`, `tls`; none lets the URI decide.
    pub transport: Option<String>,
    /// Digest credentials for 401 and 407.
    pub credentials: Option<Credentials>,
    /// User part of From.
    pub caller_id: String,
}

/// Digest credentials (RFC 7616).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password; never logged.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// The process around the engine: routes calls and keeps their records.
pub trait CallHost: Send + Sync + 'static {
    /// Decides an inbound call. For an `Answer` the call's row is committed
    /// before this returns.
    fn admit(&self, arrival: Arrival) -> BoxFuture<'_, Admission>;

    /// Ways to reach `to` from `caller_id`: for transfers and bridges.
    fn route<'a>(&'a self, caller_id: &'a str, to: &'a E164) -> BoxFuture<'a, Vec<DialTarget>>;

    /// Takes the next report of a call. Called from one task per call, in
    /// order, never from a media thread; a slow host delays only reports.
    fn report(&self, call: CallId, report: CallReport) -> BoxFuture<'_, ()>;
}
