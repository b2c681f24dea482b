//! Session descriptions and the offer/answer model (RFC 4566, RFC 3264).
//!
//! `sdp-types` reads and writes the syntax; what is said is decided here.

mod description;
mod negotiate;
mod session;

pub use description::{MLine, RemoteAudio, RemoteDescription};
pub use negotiate::{Negotiated, answer, apply, offer};
pub use session::SdpSession;

/// A codec as SDP names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// G.711 µ-law, static payload type 0.
    Pcmu,
    /// G.711 A-law, static payload type 8.
    Pcma,
}

impl Codec {
    /// Its payload type when that is fixed (RFC 3551 §6).
    #[must_use]
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
        }
    }

    /// The encoding name of `a=rtpmap`.
    #[must_use]
    pub fn encoding_name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The clock rate of `a=rtpmap`, in Hz (not always the sample rate: G.722).
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8000,
        }
    }

    /// Every codec known here.
    pub const ALL: [Self; 2] = [Self::Pcmu, Self::Pcma];
}

/// Which way audio flows, seen from the side that says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// The speaker sends only: it has put the other side on hold.
    SendOnly,
    /// The speaker receives only.
    RecvOnly,
    /// No audio.
    Inactive,
}

impl Direction {
    /// From "does it send" and "does it receive".
    #[must_use]
    pub fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether the speaker sends.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the speaker receives.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The attribute.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn from_attribute(name: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|d| d.as_str() == name)
    }
}

/// What we are willing to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// In order of preference. In answers the offerer's order wins.
    pub codecs: Vec<Codec>,
    /// Our payload type of telephone-event in offers; 101 by custom.
    pub telephone_event: u8,
    /// Packet time of our offers, ms.
    pub ptime_ms: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Self { codecs: Codec::ALL.to_vec(), telephone_event: 101, ptime_ms: 20 }
    }
}

/// The other side's description cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// It is not SDP: 400.
    #[error("not a session description: {0}")]
    Syntax(String),
    /// It has no audio line that is switched on: 488.
    #[error("no audio stream")]
    NoAudio,
    /// It wants SRTP or another profile we do not speak here: 488.
    #[error("transport {0} is not supported")]
    Transport(String),
    /// No codec in common: 488.
    #[error("no common codec")]
    NoCommonCodec,
    /// Its connection address is missing or is not an IP address: 488.
    #[error("no usable connection address")]
    Address,
    /// An answer that does not fit the offer (RFC 3264 §6).
    #[error("the answer does not match the offer")]
    Mismatch,
}

impl SdpError {
    /// The SIP status that refuses an offer with this fault.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Syntax(_) => 400,
            _ => 488,
        }
    }
}

#[cfg(test)]
mod tests;
