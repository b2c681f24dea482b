//! What a pool and a stream are told.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    time::Duration,
};

use offhook_media::g711::Law;

/// How a [`super::MediaPool`] works.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    /// Address the sockets bind.
    pub bind: IpAddr,
    /// Address written into SDP; differs from `bind` behind NAT.
    pub advertised: IpAddr,
    /// Ports for RTP (even) and RTCP (the odd one above). `0..=0` lets the
    /// system choose, without RTCP: for tests.
    pub ports: RangeInclusive<u16>,
    /// Media threads; 0 means one per core.
    pub threads: usize,
    /// Silence of the far end after which [`super::MediaEvent::TimedOut`] is
    /// raised, unless the stream is on hold. 20 s by default.
    pub rtp_timeout: Duration,
    /// Whether to ask the kernel for `SCHED_FIFO`; refused is logged, not fatal.
    pub realtime: bool,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            bind: IpAddr::from([127, 0, 0, 1]),
            advertised: IpAddr::from([127, 0, 0, 1]),
            ports: 20_000..=29_999,
            threads: 0,
            rtp_timeout: Duration::from_secs(20),
            realtime: true,
        }
    }
}

/// Media could not be started.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The range holds no even port.
    #[error("media ports {0}-{1} hold no even port")]
    EmptyRange(u16, u16),
    /// Every port of the range is taken.
    #[error("no free media port in {0}-{1}")]
    NoPort(u16, u16),
    /// A socket could not be made.
    #[error("could not bind a media socket")]
    Bind(#[source] io::Error),
    /// A thread could not be made.
    #[error("could not start a media thread")]
    Thread(#[source] io::Error),
    /// The pool is shutting down.
    #[error("the media threads have stopped")]
    Stopped,
    /// A character that is no key: `0-9 * # A-D`, and `w` or `,` to pause.
    #[error("{0:?} is not a DTMF digit")]
    NotADigit(char),
    /// More digits than a line takes at once.
    #[error("more than {0} digits wait to be sent")]
    TooManyDigits(usize),
}

/// An audio codec of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law, static payload type 0.
    Pcmu,
    /// G.711 A-law, static payload type 8.
    Pcma,
}

impl Codec {
    /// The companding law.
    #[must_use]
    pub const fn law(self) -> Law {
        match self {
            Self::Pcmu => Law::Mu,
            Self::Pcma => Law::A,
        }
    }

    /// The static payload type of RFC 3551 §6.
    #[must_use]
    pub const fn static_payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }
}

/// Which way audio flows, seen from us (RFC 8866 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// We send only: the far end is on hold by us.
    SendOnly,
    /// We receive only: the far end holds us, perhaps with music.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether we send audio.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether we listen to audio.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// What offer and answer agreed on for a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamParams {
    /// Where the far end's SDP says it listens. An unspecified address or port
    /// 0 (old-style hold) sends nothing.
    pub remote: SocketAddr,
    /// The codec.
    pub codec: Codec,
    /// The payload type negotiated for it.
    pub payload_type: u8,
    /// The payload type of `telephone-event/8000`; without it digits are sent
    /// as tones.
    pub dtmf_payload_type: Option<u8>,
    /// Length of the packets sent: 10 to 60; anything else is 20.
    pub ptime_ms: u32,
    /// Which way audio flows.
    pub direction: Direction,
    /// Whether missing RTP is a fault: true once the call is answered, false
    /// for early media, which may be silent while it rings.
    pub watch: bool,
}

impl StreamParams {
    /// A two-way stream of answered call in `codec` with its static payload
    /// type, 20 ms packets and no telephone-event.
    #[must_use]
    pub const fn new(remote: SocketAddr, codec: Codec) -> Self {
        Self {
            remote,
            codec,
            payload_type: codec.static_payload_type(),
            dtmf_payload_type: None,
            ptime_ms: 20,
            direction: Direction::SendRecv,
            watch: true,
        }
    }
}
