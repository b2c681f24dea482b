//! The ports of the RTP range and their sockets.

use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use super::MediaError;

/// Hands out socket pairs, round the range, so that a port rests as long as
/// possible before its next call: late packets of the old one find nobody.
#[derive(Debug)]
pub struct Ports {
    bind: IpAddr,
    range: RangeInclusive<u16>,
    next: AtomicU32,
}

/// The sockets of one stream.
#[derive(Debug)]
pub struct SocketPair {
    pub rtp: UdpSocket,
    /// On the odd port above; absent when the system chose the port.
    pub rtcp: Option<UdpSocket>,
}

impl Ports {
    pub const fn new(bind: IpAddr, range: RangeInclusive<u16>) -> Self {
        Self { bind, range, next: AtomicU32::new(0) }
    }

    /// Binds the next free pair, both non-blocking.
    pub fn open(&self) -> Result<SocketPair, MediaError> {
        let (first, last) = (*self.range.start(), *self.range.end());
        if (first, last) == (0, 0) {
            let rtp = self.bind(0).map_err(MediaError::Bind)?;
            return Ok(SocketPair { rtp, rtcp: None });
        }
        let first_even = u32::from(first).next_multiple_of(2);
        let pairs = (u32::from(last) + 1).saturating_sub(first_even) / 2;
        if pairs == 0 {
            return Err(MediaError::EmptyRange(first, last));
        }
        for _ in 0..pairs {
            let turn = self.next.fetch_add(1, Relaxed) % pairs;
            #[expect(clippy::cast_possible_truncation, reason = "it is at most the last port")]
            let port = (first_even + 2 * turn) as u16;
            match self.bind(port).and_then(|rtp| Ok((rtp, self.bind(port + 1)?))) {
                Ok((rtp, rtcp)) => return Ok(SocketPair { rtp, rtcp: Some(rtcp) }),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(MediaError::Bind(error)),
            }
        }
        Err(MediaError::NoPort(first, last))
    }

    fn bind(&self, port: u16) -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind(SocketAddr::new(self.bind, port))?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn rtp_is_even_and_rtcp_is_the_next_port() {
        let ports = Ports::new(LOOPBACK, 41_001..=41_040);
        let pair = ports.open().unwrap();
        let rtp = pair.rtp.local_addr().unwrap().port();
        assert_eq!(rtp % 2, 0);
        assert_eq!(pair.rtcp.unwrap().local_addr().unwrap().port(), rtp + 1);
    }

    #[test]
    fn an_exhausted_range_says_so() {
        let ports = Ports::new(LOOPBACK, 41_100..=41_103);
        let _first = ports.open().unwrap();
        let _second = ports.open().unwrap();
        assert!(matches!(ports.open(), Err(MediaError::NoPort(41_100, 41_103))));
    }

    #[test]
    fn a_range_without_a_pair_is_refused() {
        assert!(matches!(Ports::new(LOOPBACK, 41_201..=41_202).open(), Err(MediaError::EmptyRange(..))));
    }
}
