//! RTP packets (RFC 3550 §5.1), read in place and written without allocation.

/// Bytes of a header without CSRCs or extension.
pub const HEADER_BYTES: usize = 12;

/// A datagram is no RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// Shorter than its header says.
    #[error("packet ends within its header")]
    Truncated,
    /// Not version 2.
    #[error("version {0} is not 2")]
    Version(u8),
    /// The padding is longer than the payload, or zero.
    #[error("padding of {0} bytes does not fit")]
    Padding(u8),
    /// It is RTCP on the same port (RFC 5761).
    #[error("packet is RTCP")]
    Rtcp,
}

/// A received packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// Marker bit.
    pub marker: bool,
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp, in units of the codec's clock.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// Payload without padding; may be empty.
    pub payload: &'a [u8],
}

impl<'a> RtpPacket<'a> {
    /// Reads a datagram; CSRCs and header extensions are skipped.
    ///
    /// # Errors
    /// [`RtpError`] if it is none.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtpError> {
        let (header, mut rest) = datagram.split_first_chunk::<HEADER_BYTES>().ok_or(RtpError::Truncated)?;
        let [first, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3] = *header;
        let version = first >> 6;
        if version != 2 {
            return Err(RtpError::Version(version));
        }
        if is_rtcp(datagram) {
            return Err(RtpError::Rtcp);
        }
        rest = rest.get(usize::from(first & 0x0F) * 4..).ok_or(RtpError::Truncated)?;
        if first & 0x10 != 0 {
            let ([_, _, l0, l1], after) = rest.split_first_chunk::<4>().ok_or(RtpError::Truncated)?;
            let words = usize::from(u16::from_be_bytes([*l0, *l1]));
            rest = after.get(words * 4..).ok_or(RtpError::Truncated)?;
        }
        if first & 0x20 != 0 {
            let padding = *rest.last().ok_or(RtpError::Padding(0))?;
            let end = rest.len().checked_sub(usize::from(padding)).filter(|_| padding > 0);
            rest = &rest[..end.ok_or(RtpError::Padding(padding))?];
        }
        Ok(Self {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7F,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([r0, r1, r2, r3]),
            payload: rest,
        })
    }

    /// Writes header and payload; returns the length, or nothing if `into` is
    /// too short.
    #[must_use]
    pub fn write(&self, into: &mut [u8]) -> Option<usize> {
        let length = HEADER_BYTES + self.payload.len();
        let into = into.get_mut(..length)?;
        let (header, payload) = into.split_at_mut(HEADER_BYTES);
        header[0] = 2 << 6;
        header[1] = u8::from(self.marker) << 7 | self.payload_type & 0x7F;
        header[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        header[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        header[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        payload.copy_from_slice(self.payload);
        Some(length)
    }
}

/// Whether a datagram on an RTP port is RTCP: payload types 64 to 95 with the
/// marker are its packet types 192 to 223 (RFC 5761 §4).
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if first >> 6 == 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PACKET: RtpPacket<'static> = RtpPacket {
        marker: true,
        payload_type: 8,
        sequence: 0xFFFE,
        timestamp: 0xDEAD_BEEF,
        ssrc: 7,
        payload: &[1, 2, 3],
    };

    #[test]
    fn what_is_written_is_read_again() {
        let mut buffer = [0; 64];
        let length = PACKET.write(&mut buffer).unwrap();
        assert_eq!(buffer[..12], [0x80, 0x88, 0xFF, 0xFE, 0xDE, 0xAD, 0xBE, 0xEF, 0, 0, 0, 7]);
        assert_eq!(RtpPacket::parse(&buffer[..length]), Ok(PACKET));
        assert_eq!(PACKET.write(&mut [0; 14]), None);
    }

    #[test]
    fn csrcs_extension_and_padding_are_skipped() {
        let mut bytes = vec![0x80 | 0x20 | 0x10 | 2, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        bytes.extend([0xAA; 8]);
        bytes.extend([0xBE, 0xDE, 0, 1, 9, 9, 9, 9]);
        bytes.extend([5, 6, 0, 2]);
        assert_eq!(RtpPacket::parse(&bytes).unwrap().payload, &[5, 6]);
    }

    #[test]
    fn broken_packets_are_refused() {
        assert_eq!(RtpPacket::parse(&[0x80; 11]), Err(RtpError::Truncated));
        assert_eq!(RtpPacket::parse(&[0x40; 12]), Err(RtpError::Version(1)));
        let mut bytes = [0; 13];
        bytes[0] = 0xA0;
        assert_eq!(RtpPacket::parse(&bytes), Err(RtpError::Padding(0)));
        bytes[12] = 2;
        assert_eq!(RtpPacket::parse(&bytes), Err(RtpError::Padding(2)));
        bytes[0] = 0x8F;
        assert_eq!(RtpPacket::parse(&bytes), Err(RtpError::Truncated));
    }

    #[test]
    fn rtcp_on_the_same_port_is_told_apart() {
        let report = [0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0];
        assert_eq!(RtpPacket::parse(&report), Err(RtpError::Rtcp));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _result = RtpPacket::parse(&bytes);
        }

        #[test]
        fn every_payload_survives(
            payload in proptest::collection::vec(any::<u8>(), 0..200),
            payload_type in 0u8..64, marker: bool, sequence: u16, timestamp: u32, ssrc: u32,
        ) {
            let packet = RtpPacket { marker, payload_type, sequence, timestamp, ssrc, payload: &payload };
            let mut buffer = [0; 256];
            let length = packet.write(&mut buffer).unwrap();
            prop_assert_eq!(RtpPacket::parse(&buffer[..length]), Ok(packet));
        }
    }
}
