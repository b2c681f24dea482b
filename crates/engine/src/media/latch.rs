//! Symmetric RTP: whose packets are heard, and where ours go.
//!
//! The signalled address is believed at once. Behind NAT packets come from
//! elsewhere: such a source is taken once, if it sends consistently within
//! two seconds of the negotiation, and then locked. Anyone else is ignored
//! and never answered (the RTPBleed attack).

use std::{net::SocketAddr, time::Duration};

use offhook_media::rtp::RtpPacket;

/// Time after a negotiation in which a foreign address may be learnt.
const WINDOW: Duration = Duration::from_secs(2);
/// Packets in sequence that make a foreign source consistent.
const FOREIGN_PACKETS: u32 = 3;
/// Packets in sequence with which the locked address may change its SSRC.
const SSRC_PACKETS: u32 = 2;

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Hear it.
    Accept,
    /// Hear it: it begins a new stream.
    NewSource,
    /// Ignore it.
    Refuse,
}

/// The far end of one stream.
#[derive(Debug, Default)]
pub struct Latch {
    signalled: Option<SocketAddr>,
    locked: Option<Source>,
    window_ends: Duration,
    candidate: Option<Candidate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Source {
    address: SocketAddr,
    ssrc: u32,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    source: Source,
    next: u16,
    packets: u32,
}

impl Latch {
    /// A negotiation named this address. The lock holds if it is the same as before.
    pub fn configure(&mut self, remote: SocketAddr, now: Duration) {
        let remote = Some(remote).filter(|remote| !remote.ip().is_unspecified() && remote.port() != 0);
        let changed = remote != self.signalled;
        self.signalled = remote;
        if changed {
            self.locked = None;
            self.candidate = None;
        }
        if self.locked.is_none() {
            self.window_ends = now + WINDOW;
        }
    }

    /// Where to send; nothing while the far end names no address.
    pub fn target(&self) -> Option<SocketAddr> {
        let signalled = self.signalled?;
        Some(self.locked.map_or(signalled, |locked| locked.address))
    }

    /// Whether an address belongs to the far end, whatever its port.
    pub fn is_far_end(&self, address: SocketAddr) -> bool {
        self.target().is_some_and(|target| target.ip() == address.ip())
    }

    /// Judges a packet.
    pub fn judge(&mut self, address: SocketAddr, packet: &RtpPacket<'_>, now: Duration) -> Verdict {
        let source = Source { address, ssrc: packet.ssrc };
        if self.locked == Some(source) {
            self.candidate = None;
            return Verdict::Accept;
        }
        let in_window = now < self.window_ends;
        let is_signalled = self.signalled == Some(address);
        let needed = match self.locked {
            Some(locked) if locked.address == address => SSRC_PACKETS,
            // The signalled address has the last word as long as sources are learnt.
            Some(_) if is_signalled && in_window => 1,
            Some(_) => return Verdict::Refuse,
            None if is_signalled => 1,
            // Only a NAT that changes ports may still show up later.
            None if in_window || self.signalled.is_some_and(|signalled| signalled.ip() == address.ip()) => {
                FOREIGN_PACKETS
            }
            None => return Verdict::Refuse,
        };
        if self.count(source, packet.sequence) < needed {
            return Verdict::Refuse;
        }
        self.locked = Some(source);
        self.candidate = None;
        Verdict::NewSource
    }

    fn count(&mut self, source: Source, sequence: u16) -> u32 {
        let packets = match self.candidate {
            Some(candidate) if candidate.source == source && candidate.next == sequence => {
                candidate.packets + 1
            }
            _ => 1,
        };
        self.candidate = Some(Candidate { source, next: sequence.wrapping_add(1), packets });
        packets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(100);

    fn address(last: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], port))
    }

    fn packet(sequence: u16, ssrc: u32) -> RtpPacket<'static> {
        RtpPacket { marker: false, payload_type: 0, sequence, timestamp: 0, ssrc, payload: &[] }
    }

    fn latch() -> Latch {
        let mut latch = Latch::default();
        latch.configure(address(1, 4_000), START);
        latch
    }

    #[test]
    fn the_signalled_address_is_heard_at_once() {
        let mut latch = latch();
        assert_eq!(latch.judge(address(1, 4_000), &packet(1, 7), START), Verdict::NewSource);
        assert_eq!(latch.judge(address(1, 4_000), &packet(2, 7), START), Verdict::Accept);
    }

    #[test]
    fn a_source_behind_nat_is_learnt_after_three_packets_in_sequence() {
        let mut latch = latch();
        let nat = address(9, 777);
        assert_eq!(latch.judge(nat, &packet(1, 7), START), Verdict::Refuse);
        assert_eq!(latch.judge(nat, &packet(2, 7), START), Verdict::Refuse);
        assert_eq!(latch.target(), Some(address(1, 4_000)));
        assert_eq!(latch.judge(nat, &packet(3, 7), START), Verdict::NewSource);
        assert_eq!(latch.target(), Some(nat));
    }

    #[test]
    fn scattered_packets_of_a_scanner_never_latch() {
        let mut latch = latch();
        for sequence in (0..100).step_by(2) {
            assert_eq!(latch.judge(address(9, 777), &packet(sequence, 7), START), Verdict::Refuse);
        }
    }

    #[test]
    fn nobody_else_is_heard_after_the_lock_or_the_window() {
        let mut latch = latch();
        let late = START + WINDOW;
        for sequence in 0..10 {
            assert_eq!(latch.judge(address(9, 777), &packet(sequence, 7), late), Verdict::Refuse);
        }
        assert_eq!(latch.judge(address(1, 4_000), &packet(1, 7), late), Verdict::NewSource);
        for sequence in 0..10 {
            assert_eq!(latch.judge(address(1, 4_001), &packet(sequence, 7), late), Verdict::Refuse);
        }
    }

    #[test]
    fn the_locked_address_may_change_its_ssrc() {
        let mut latch = latch();
        let far = address(1, 4_000);
        latch.judge(far, &packet(1, 7), START);
        assert_eq!(latch.judge(far, &packet(500, 8), START), Verdict::Refuse);
        assert_eq!(latch.judge(far, &packet(501, 8), START), Verdict::NewSource);
    }

    #[test]
    fn a_new_address_relatches_and_the_same_one_keeps_the_lock() {
        let mut latch = latch();
        let nat = address(9, 777);
        for sequence in 0..3 {
            latch.judge(nat, &packet(sequence, 7), START);
        }
        latch.configure(address(1, 4_000), START);
        assert_eq!(latch.target(), Some(nat));
        latch.configure(address(2, 5_000), START);
        assert_eq!(latch.target(), Some(address(2, 5_000)));
        assert_eq!(latch.judge(address(2, 5_000), &packet(1, 9), START), Verdict::NewSource);
    }

    #[test]
    fn an_unspecified_address_sends_nothing() {
        let mut latch = latch();
        latch.configure(SocketAddr::from(([0, 0, 0, 0], 4_000)), START);
        assert_eq!(latch.target(), None);
    }
}
