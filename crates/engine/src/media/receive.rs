//! The way in: socket, lock, jitter buffer, decoder.

use std::{net::UdpSocket, sync::atomic::Ordering::Relaxed, time::Duration};

use offhook_media::{
    Frame,
    g711::Law,
    jitter::JitterBuffer,
    resample::Upsampler,
    rfc4733::DtmfReceiver,
    rtp::{RtpError, RtpPacket},
};

use super::{
    Codec, StreamParams,
    latch::{Latch, Verdict},
    ports::SocketPair,
    session::Counters,
};

/// Datagrams taken in one go; a flood beyond waits in the kernel or is lost there.
const MAX_DATAGRAMS: usize = 64;
/// Longest datagram of use; longer ones are cut by the kernel and refused.
pub const MAX_DATAGRAM_BYTES: usize = 1_500;
/// Longest G.711 packet taken: 120 ms.
const MAX_SAMPLES: usize = 960;
/// Comfort noise (RFC 3389).
const COMFORT_NOISE: u8 = 13;
/// Telephone audio: G.711 and its RTP clock.
const RATE: u32 = 8_000;

/// What a stream hears.
#[derive(Debug)]
pub struct Receiver {
    pub latch: Latch,
    jitter: JitterBuffer,
    upsampler: Upsampler,
    dtmf: DtmfReceiver,
    /// When RTP or RTCP last came, or the clock was set.
    last_heard: Duration,
    timed_out: bool,
    /// Datagrams taken so far.
    taken: u64,
    refused: u64,
}

impl Receiver {
    pub fn new() -> Self {
        Self {
            latch: Latch::default(),
            jitter: JitterBuffer::new(RATE),
            upsampler: Upsampler::default(),
            dtmf: DtmfReceiver::default(),
            last_heard: Duration::ZERO,
            timed_out: false,
            taken: 0,
            refused: 0,
        }
    }

    /// A negotiation took place: the far end has the whole timeout again.
    pub fn configure(&mut self, params: &StreamParams, now: Duration) {
        self.latch.configure(params.remote, now);
        self.restart_timeout(now);
    }

    pub const fn restart_timeout(&mut self, now: Duration) {
        self.last_heard = now;
        self.timed_out = false;
    }

    /// Throws away what came before the stream was configured.
    pub fn discard(socket: &UdpSocket, buffer: &mut [u8]) {
        for _ in 0..MAX_DATAGRAMS {
            if socket.recv_from(buffer).is_err() {
                return;
            }
        }
    }

    /// Takes everything the socket received.
    pub fn drain(
        &mut self,
        socket: &UdpSocket,
        params: &StreamParams,
        now: Duration,
        buffer: &mut [u8],
        digit: &mut impl FnMut(char),
    ) {
        for _ in 0..MAX_DATAGRAMS {
            // An error is an empty socket, or an ICMP report that is of no use.
            let Ok((length, from)) = socket.recv_from(buffer) else { return };
            let datagram = buffer.get(..length).unwrap_or_default();
            let packet = match RtpPacket::parse(datagram) {
                Ok(packet) => packet,
                Err(RtpError::Rtcp) if self.latch.is_far_end(from) => {
                    self.restart_timeout(now);
                    continue;
                }
                Err(_) => {
                    self.refused += 1;
                    continue;
                }
            };
            match self.latch.judge(from, &packet, now) {
                Verdict::Accept => {}
                Verdict::NewSource => {
                    self.jitter.reset();
                    self.dtmf = DtmfReceiver::default();
                }
                Verdict::Refuse => {
                    self.refused += 1;
                    continue;
                }
            }
            self.taken += 1;
            self.restart_timeout(now);
            self.take(&packet, params, now, digit);
        }
    }

    /// Reads the RTCP socket, only to know that the far end lives.
    pub fn drain_rtcp(&mut self, sockets: &SocketPair, now: Duration, buffer: &mut [u8]) {
        let Some(socket) = &sockets.rtcp else { return };
        for _ in 0..MAX_DATAGRAMS {
            let Ok((_, from)) = socket.recv_from(buffer) else { return };
            if self.latch.is_far_end(from) {
                self.restart_timeout(now);
            }
        }
    }

    /// The next 20 ms.
    pub fn next_frame(&mut self) -> Frame {
        let mut narrow = [0; 160];
        let mut frame = Frame::SILENCE;
        self.jitter.pull(&mut narrow);
        self.upsampler.process(&narrow, &mut frame.0);
        frame
    }

    /// Whether the far end has been silent for too long; true once.
    pub fn times_out(&mut self, now: Duration, timeout: Duration) -> bool {
        let raises = !self.timed_out && now.saturating_sub(self.last_heard) >= timeout;
        self.timed_out |= raises;
        raises
    }

    /// Publishes the counts.
    pub fn count(&self, counters: &Counters) {
        let stats = self.jitter.stats();
        counters.packets_received.store(self.taken, Relaxed);
        counters.packets_refused.store(self.refused, Relaxed);
        counters.lost.store(stats.lost, Relaxed);
        counters.late.store(stats.late, Relaxed);
        counters.duplicate.store(stats.duplicate, Relaxed);
        counters.concealed_ms.store(stats.concealed / u64::from(RATE / 1_000), Relaxed);
        counters.jitter_ms.store(self.jitter.jitter().as_millis() as u32, Relaxed);
        counters.delay_ms.store(self.jitter.delay().as_millis() as u32, Relaxed);
    }

    fn take(
        &mut self,
        packet: &RtpPacket<'_>,
        params: &StreamParams,
        now: Duration,
        digit: &mut impl FnMut(char),
    ) {
        if params.dtmf_payload_type == Some(packet.payload_type) {
            self.jitter.push_other(packet.sequence, packet.timestamp);
            if let Some(key) = self.dtmf.push(packet.marker, packet.timestamp, packet.payload) {
                digit(key);
            }
            return;
        }
        match law_of(packet.payload_type, params) {
            Some(law) if params.direction.receives() && !packet.payload.is_empty() => {
                let mut samples = [0; MAX_SAMPLES];
                let count = law.decode_into(packet.payload, &mut samples);
                self.jitter.push(packet.sequence, packet.timestamp, now, &samples[..count]);
            }
            // Comfort noise, an unknown codec, or audio nobody asked for.
            _ => self.jitter.push_other(packet.sequence, packet.timestamp),
        }
    }
}

/// The law of a payload type: the negotiated one, or the other G.711 by its
/// static number, to which some peers switch without a word.
fn law_of(payload_type: u8, params: &StreamParams) -> Option<Law> {
    match payload_type {
        own if own == params.payload_type => Some(params.codec.law()),
        COMFORT_NOISE => None,
        0 => Some(Codec::Pcmu.law()),
        8 => Some(Codec::Pcma.law()),
        _ => None,
    }
}
