//! Offer, answer and what both agree on: pure functions.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Origin, Session, Time};

use super::{Codec, Direction, MLine, Policy, RemoteAudio, RemoteDescription, SdpError};

/// What both sides agreed on, seen from ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Negotiated {
    /// The codec.
    pub codec: Codec,
    /// Its payload type.
    pub payload_type: u8,
    /// Payload type of telephone-event; none when the peer has none.
    pub telephone_event: Option<u8>,
    /// Where our audio goes.
    pub remote: SocketAddr,
    /// What we do: send, receive, both, neither.
    pub direction: Direction,
    /// Packet time the peer asks for, ms.
    pub ptime_ms: u8,
}

/// The body of an offer, without its `o=` line's version.
///
/// `lines` are the m-lines of earlier rounds, whose number and order a new
/// offer must keep (RFC 3264 §8); `audio` says which of them is ours.
#[must_use]
pub fn offer(
    policy: &Policy,
    local: SocketAddr,
    direction: Direction,
    earlier: Option<(&[MLine], usize)>,
) -> Session {
    let mut session = skeleton(local.ip());
    let mut codecs = Vec::new();
    let mut dynamic = 96;
    for &codec in &policy.codecs {
        let payload_type = codec.static_payload_type().unwrap_or_else(|| {
            if dynamic == policy.telephone_event {
                dynamic += 1;
            }
            dynamic += 1;
            dynamic - 1
        });
        codecs.push((payload_type, codec));
    }
    let audio = audio_media(
        local.port(),
        "RTP/AVP",
        &codecs,
        Some(policy.telephone_event),
        policy.ptime_ms,
        direction,
    );
    match earlier {
        None => session.medias.push(audio),
        Some((lines, at)) => {
            session.medias.extend(lines.iter().map(rejected));
            if let Some(line) = session.medias.get_mut(at) {
                *line = audio;
            }
        }
    }
    session
}

/// Answers an offer: the same m-lines in the same order, all but one audio
/// line rejected with port 0; one codec and telephone-event, under the
/// offerer's payload numbers.
///
/// `wanted` is what we would do if the offerer did both (a hold of ours).
///
/// # Errors
/// [`SdpError::NoCommonCodec`].
pub fn answer(
    offer: &RemoteDescription,
    policy: &Policy,
    local: SocketAddr,
    wanted: Direction,
) -> Result<(Session, Negotiated), SdpError> {
    let audio = &offer.audio;
    let (payload_type, codec) = choose(audio, policy)?;
    let direction = allowed(audio.direction, wanted);
    let mut session = skeleton(local.ip());
    session.medias.extend(offer.lines.iter().map(rejected));
    if let (Some(line), Some(offered)) = (session.medias.get_mut(audio.index), offer.lines.get(audio.index)) {
        *line = audio_media(
            local.port(),
            &offered.proto,
            &[(payload_type, codec)],
            audio.telephone_event,
            audio.ptime_ms,
            direction,
        );
    }
    let negotiated = Negotiated {
        codec,
        payload_type,
        telephone_event: audio.telephone_event,
        remote: audio.address,
        direction,
        ptime_ms: audio.ptime_ms,
    };
    Ok((session, negotiated))
}

/// Reads the answer to an offer of ours that said `offered`.
///
/// # Errors
/// [`SdpError::Mismatch`] when m-lines do not fit, [`SdpError::NoCommonCodec`]
/// when it names nothing we offered.
pub fn apply(
    answer: &RemoteDescription,
    policy: &Policy,
    offered: Direction,
    lines: usize,
) -> Result<Negotiated, SdpError> {
    // Fewer lines than offered is wrong, but harmless when audio is there.
    if answer.lines.len() > lines {
        return Err(SdpError::Mismatch);
    }
    let audio = &answer.audio;
    let (payload_type, codec) = choose(audio, policy)?;
    Ok(Negotiated {
        codec,
        payload_type,
        telephone_event: audio.telephone_event,
        remote: audio.address,
        direction: allowed(audio.direction, offered),
        ptime_ms: audio.ptime_ms,
    })
}

/// The offerer's first codec that we speak.
fn choose(audio: &RemoteAudio, policy: &Policy) -> Result<(u8, Codec), SdpError> {
    audio
        .codecs
        .iter()
        .copied()
        .find(|(_, codec)| policy.codecs.contains(codec))
        .ok_or(SdpError::NoCommonCodec)
}

/// What we may do, given what the peer does (RFC 3264 §6.1).
fn allowed(peer: Direction, wanted: Direction) -> Direction {
    Direction::new(wanted.sends() && peer.receives(), wanted.receives() && peer.sends())
}

fn skeleton(ip: IpAddr) -> Session {
    let mut origin = Origin::with_ip_addr("0", 0, ip);
    origin.set_username("offhook");
    let mut session = Session::new(origin, "-");
    session.connection = Some(Connection::from_ip_addr(ip));
    session.times = vec![Time::new(0, 0)];
    session
}

fn rejected(line: &MLine) -> Media {
    let mut media = blank(line.fmt.clone());
    media.media.clone_from(&line.media);
    media.proto.clone_from(&line.proto);
    media
}

fn audio_media(
    port: u16,
    proto: &str,
    codecs: &[(u8, Codec)],
    telephone_event: Option<u8>,
    ptime_ms: u8,
    direction: Direction,
) -> Media {
    let numbers = codecs.iter().map(|(pt, _)| *pt).chain(telephone_event);
    let mut media = blank(numbers.map(|pt| pt.to_string()).collect::<Vec<_>>().join(" "));
    media.port = port;
    proto.clone_into(&mut media.proto);
    for (pt, codec) in codecs {
        let map = format!("{pt} {}/{}", codec.encoding_name(), codec.clock_rate());
        media.attributes.push(Attribute::with_value("rtpmap", map));
    }
    if let Some(pt) = telephone_event {
        media.attributes.push(Attribute::with_value("rtpmap", format!("{pt} telephone-event/8000")));
        media.attributes.push(Attribute::with_value("fmtp", format!("{pt} 0-16")));
    }
    media.attributes.push(Attribute::with_value("ptime", ptime_ms.to_string()));
    media.attributes.push(Attribute::new(direction.as_str()));
    media
}

fn blank(fmt: String) -> Media {
    Media {
        media: "audio".to_owned(),
        port: 0,
        num_ports: None,
        proto: "RTP/AVP".to_owned(),
        fmt,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}
