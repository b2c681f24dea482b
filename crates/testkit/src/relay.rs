//! A bad network on loopback: a UDP relay that loses, delays, reorders and
//! doubles packets, the same way every time for a seed.
//!
//! [`RtpRelay`] stands between two media addresses. With SIP in between, put
//! [`SipRelay`] between the two user agents: it passes the messages on and
//! rewrites every SDP it sees, so that the media takes the way through relays
//! of its own. Neither peer has to know.
//!
//! ```text
//! test UA ── SipRelay ── Offhook        signalling, unharmed
//! test UA ── RtpRelay ── Offhook        media, impaired
//! ```

pub mod impairment;
mod rtp;
mod sip;

pub use impairment::{Bursts, Impairment};
pub use rtp::{Counts, RtpRelay};
pub use sip::SipRelay;

#[cfg(test)]
mod tests;
