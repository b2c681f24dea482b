//! The way out: encoder, packets, DTMF; one step of the clock every 20 ms.

use std::net::{SocketAddr, UdpSocket};

use offhook_media::{
    Frame,
    mixer::mix,
    resample::Downsampler,
    rfc4733::{DigitSender, DigitStep, TelephoneEvent},
    rtp::{HEADER_BYTES, RtpPacket},
    tone::{Tone, TonePlayer},
};

use super::StreamParams;

/// Timestamp units of 20 ms.
const FRAME_UNITS: u32 = 160;
/// Longest payload: 60 ms, while the next frame is being appended.
const MAX_PAYLOAD: usize = 640;

/// What a stream sends.
#[derive(Debug)]
pub struct Sender {
    ssrc: u32,
    sequence: u16,
    /// Of the next 20 ms; goes on when nothing is sent.
    timestamp: u32,
    /// Nothing was sent before: the next packet begins a talkspurt.
    after_gap: bool,
    downsampler: Downsampler,
    /// Encoded audio not yet sent, and how much.
    payload: [u8; MAX_PAYLOAD],
    filled: usize,
    digits: DigitSender,
    /// The digits being sent were asked for, and their end is to be told.
    announces: bool,
    /// A digit sounding in band.
    in_band: Option<TonePlayer>,
    packets: u64,
}

impl Sender {
    /// The three first numbers must be random (RFC 3550 §5.1).
    pub fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self {
            ssrc,
            sequence,
            timestamp,
            after_gap: true,
            downsampler: Downsampler::default(),
            payload: [0; MAX_PAYLOAD],
            filled: 0,
            digits: DigitSender::default(),
            announces: false,
            in_band: None,
            packets: 0,
        }
    }

    pub fn push_digits(&mut self, digits: &str, announces: bool) {
        self.digits.push(digits);
        self.announces |= announces;
    }

    /// Whether digits take the place of audio.
    pub fn sends_digits(&self) -> bool {
        !self.digits.is_idle()
    }

    /// Digits that were asked for have ended; true once.
    pub fn digits_ended(&mut self) -> bool {
        self.digits.is_idle() && std::mem::take(&mut self.announces)
    }

    /// Packets sent so far.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Time passes without a packet: held, or before the first negotiation.
    pub const fn pass(&mut self, frames: u32) {
        self.timestamp = self.timestamp.wrapping_add(FRAME_UNITS.wrapping_mul(frames));
        self.after_gap = true;
        self.filled = 0;
    }

    /// Sends 20 ms, and returns what the far end hears of it.
    pub fn send(&mut self, frame: Frame, params: &StreamParams, socket: &UdpSocket, to: SocketAddr) -> Frame {
        let step = self.digits.step(self.timestamp);
        let sent = match (step, params.dtmf_payload_type) {
            (None, _) => {
                self.send_audio(&frame, params, socket, to);
                frame
            }
            (Some(DigitStep::Event { event, timestamp, first, .. }), Some(payload_type)) => {
                self.send_event(event, timestamp, first, payload_type, socket, to);
                Frame::SILENCE
            }
            (Some(step), _) => {
                let frame = self.in_band(step);
                self.send_audio(&frame, params, socket, to);
                frame
            }
        };
        self.timestamp = self.timestamp.wrapping_add(FRAME_UNITS);
        sent
    }

    fn send_audio(&mut self, frame: &Frame, params: &StreamParams, socket: &UdpSocket, to: SocketAddr) {
        let mut narrow = [0; FRAME_UNITS as usize];
        self.downsampler.process(&frame.0, &mut narrow);
        let begin = self.timestamp.wrapping_sub(self.filled as u32);
        self.filled += params.codec.law().encode_into(&narrow, &mut self.payload[self.filled..]);
        let size = match params.ptime_ms {
            ms @ (10 | 20 | 30 | 40 | 50 | 60) => ms as usize * 8,
            _ => FRAME_UNITS as usize,
        };
        let mut sent = 0;
        while self.filled - sent >= size {
            self.packet(sent..sent + size, begin.wrapping_add(sent as u32), params.payload_type, socket, to);
            sent += size;
        }
        self.payload.copy_within(sent..self.filled, 0);
        self.filled -= sent;
    }

    fn send_event(
        &mut self,
        event: TelephoneEvent,
        timestamp: u32,
        first: bool,
        payload_type: u8,
        socket: &UdpSocket,
        to: SocketAddr,
    ) {
        // A piece of a longer packet is of no use any more.
        self.filled = 0;
        let payload = event.to_bytes();
        self.write(&payload, first, timestamp, payload_type, socket, to);
    }

    /// A digit as sound, for far ends without telephone-event.
    fn in_band(&mut self, step: DigitStep) -> Frame {
        let mut frame = Frame::SILENCE;
        match step {
            DigitStep::Event { digit, first: true, .. } => {
                self.in_band = Tone::dtmf(digit).map(TonePlayer::new)
            }
            DigitStep::Event { repeated: false, .. } => {}
            DigitStep::Event { .. } | DigitStep::Gap => self.in_band = None,
        }
        if let Some(player) = &mut self.in_band {
            mix(&mut frame, &player.next_frame());
        }
        frame
    }

    fn packet(
        &mut self,
        part: std::ops::Range<usize>,
        timestamp: u32,
        payload_type: u8,
        socket: &UdpSocket,
        to: SocketAddr,
    ) {
        let payload = self.payload;
        let marker = std::mem::take(&mut self.after_gap);
        self.write(&payload[part], marker, timestamp, payload_type, socket, to);
    }

    fn write(
        &mut self,
        payload: &[u8],
        marker: bool,
        timestamp: u32,
        payload_type: u8,
        socket: &UdpSocket,
        to: SocketAddr,
    ) {
        let packet =
            RtpPacket { marker, payload_type, sequence: self.sequence, timestamp, ssrc: self.ssrc, payload };
        let mut datagram = [0; HEADER_BYTES + MAX_PAYLOAD];
        let Some(length) = packet.write(&mut datagram) else { return };
        self.sequence = self.sequence.wrapping_add(1);
        // A full socket buffer or an unreachable far end loses the packet, as
        // the network might; the RTP timeout notices a far end that is gone.
        if socket.send_to(&datagram[..length], to).is_ok() {
            self.packets += 1;
        }
    }
}
