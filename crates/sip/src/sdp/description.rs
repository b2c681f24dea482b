//! What the other side's description says, with defaults resolved.

use std::net::{IpAddr, SocketAddr};

use sdp_types::Session;

use super::{Codec, Direction, SdpError};

/// The most bytes of SDP we read; real ones stay under 4 KiB.
const MAX_BYTES: usize = 16 * 1024;
/// The most m-lines we answer.
const MAX_LINES: usize = 16;

/// One m-line, as far as an answer must repeat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MLine {
    /// `audio`, `video`…
    pub media: String,
    /// `RTP/AVP`…
    pub proto: String,
    /// The formats, as written.
    pub fmt: String,
}

/// The audio line we work with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAudio {
    /// Where it is among the m-lines.
    pub index: usize,
    /// Where audio goes.
    pub address: SocketAddr,
    /// What the other side does.
    pub direction: Direction,
    /// Payload types and the codecs we know, in its order.
    pub codecs: Vec<(u8, Codec)>,
    /// Payload type of telephone-event at the audio clock rate.
    pub telephone_event: Option<u8>,
    /// Packet time it asks for, ms; 10 to 60.
    pub ptime_ms: u8,
}

/// A parsed description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteDescription {
    /// Every m-line, in order.
    pub lines: Vec<MLine>,
    /// The audio line in use.
    pub audio: RemoteAudio,
    /// `sess-id` and `sess-version` of its `o=` line.
    pub origin: (String, u64),
}

impl RemoteDescription {
    /// Reads a description.
    ///
    /// # Errors
    /// [`SdpError`]; never panics, whatever the bytes are.
    pub fn parse(bytes: &[u8]) -> Result<Self, SdpError> {
        if bytes.len() > MAX_BYTES {
            return Err(SdpError::Syntax("too long".to_owned()));
        }
        let session = Session::parse(bytes).map_err(|e| SdpError::Syntax(e.to_string()))?;
        if session.medias.len() > MAX_LINES {
            return Err(SdpError::Syntax("too many media lines".to_owned()));
        }
        let audio = audio(&session)?;
        let lines = session
            .medias
            .iter()
            .map(|m| MLine { media: m.media.clone(), proto: m.proto.clone(), fmt: m.fmt.clone() })
            .collect();
        Ok(Self { lines, audio, origin: (session.origin.sess_id, session.origin.sess_version) })
    }
}

/// The first usable audio line; when there is none, the fault of the first.
fn audio(session: &Session) -> Result<RemoteAudio, SdpError> {
    let mut fault = SdpError::NoAudio;
    let mut first = true;
    for (index, media) in session.medias.iter().enumerate() {
        if !media.media.eq_ignore_ascii_case("audio") || media.port == 0 {
            continue;
        }
        match audio_line(session, media, index) {
            Ok(audio) => return Ok(audio),
            Err(error) if first => {
                fault = error;
                first = false;
            }
            Err(_) => {}
        }
    }
    Err(fault)
}

fn audio_line(session: &Session, media: &sdp_types::Media, index: usize) -> Result<RemoteAudio, SdpError> {
    // RTP/AVP with a=crypto offers SRTP as an option only: answered in the clear.
    if !matches!(media.proto.to_ascii_uppercase().as_str(), "RTP/AVP" | "RTP/AVPF") {
        return Err(SdpError::Transport(media.proto.clone()));
    }
    let connection = media.connections.first().or(session.connection.as_ref()).ok_or(SdpError::Address)?;
    let ip: IpAddr = connection.connection_address.trim().parse().map_err(|_| SdpError::Address)?;
    if ip.is_multicast() {
        return Err(SdpError::Address);
    }
    let said = media
        .attributes
        .iter()
        .chain(&session.attributes)
        .find_map(|a| Direction::from_attribute(&a.attribute))
        .unwrap_or_default();
    // 0.0.0.0 is hold as RFC 2543 had it: it does not receive.
    let direction = if ip.is_unspecified() { Direction::new(said.sends(), false) } else { said };

    let mut codecs = Vec::new();
    let mut telephone_event = None;
    for payload_type in media.fmt.split_ascii_whitespace().filter_map(|pt| pt.parse::<u8>().ok()) {
        if payload_type > 127 {
            continue;
        }
        match rtpmap(media, payload_type) {
            Some((name, rate)) if name.eq_ignore_ascii_case("telephone-event") => {
                if rate == 8000 {
                    telephone_event.get_or_insert(payload_type);
                }
            }
            Some((name, rate)) => {
                let known = Codec::ALL
                    .into_iter()
                    .find(|c| c.encoding_name().eq_ignore_ascii_case(name) && c.clock_rate() == rate);
                codecs.extend(known.map(|codec| (payload_type, codec)));
            }
            None => {
                let known = Codec::ALL.into_iter().find(|c| c.static_payload_type() == Some(payload_type));
                codecs.extend(known.map(|codec| (payload_type, codec)));
            }
        }
    }
    Ok(RemoteAudio {
        index,
        address: SocketAddr::new(ip, media.port),
        direction,
        codecs,
        telephone_event,
        ptime_ms: ptime(media),
    })
}

/// Encoding name and clock rate of a payload type.
fn rtpmap(media: &sdp_types::Media, payload_type: u8) -> Option<(&str, u32)> {
    media.attributes.iter().filter(|a| a.attribute.eq_ignore_ascii_case("rtpmap")).find_map(|a| {
        let (pt, map) = a.value.as_deref()?.trim().split_once(' ')?;
        if pt.trim().parse::<u8>().ok()? != payload_type {
            return None;
        }
        let mut parts = map.trim().split('/');
        Some((parts.next()?, parts.next()?.trim().parse().ok()?))
    })
}

/// The packet time asked for, within `maxptime` and what we can send.
fn ptime(media: &sdp_types::Media) -> u8 {
    let read = |name: &str| {
        media
            .attributes
            .iter()
            .find(|a| a.attribute.eq_ignore_ascii_case(name))
            .and_then(|a| a.value.as_deref()?.trim().parse::<u16>().ok())
    };
    let wanted = read("ptime").unwrap_or(20).min(read("maxptime").unwrap_or(u16::MAX));
    match wanted {
        10 | 20 | 30 | 40 | 50 | 60 => u8::try_from(wanted).unwrap_or(20),
        0..20 => 10,
        _ => 20,
    }
}
