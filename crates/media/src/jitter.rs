//! The jitter buffer: packets in as the network brings them, 20 ms out on time.
//!
//! Audio is kept by timestamp, not by packet: reordered packets, duplicates
//! and any packet length fall into place by themselves. Sequence numbers
//! only tell a lost packet from a sender that paused.
//!
//! The delay begins at 40 ms and follows the spread of arrivals, between 20 and
//! 120 ms. It is changed where nobody hears it: in silence, or where audio ran
//! out anyway.

mod delay;
mod ring;

use std::time::Duration;

use self::{delay::DelayControl, ring::SampleRing};
use crate::plc::Concealer;

/// Sequence numbers this far from the newest are another stream (RFC 3550 A.1).
const MAX_DROPOUT: i64 = 3_000;
const MAX_MISORDER: i64 = 100;
/// Longest packet taken.
const MAX_PACKET_MS: u32 = 120;
/// Frames below this level (-50 dBFS) may be skipped or doubled unheard.
const QUIET: i16 = 100;

/// What a stream's buffer has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JitterStats {
    /// Packets taken, without duplicates.
    pub received: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that came after their time.
    pub late: u64,
    /// Packets that came twice.
    pub duplicate: u64,
    /// Samples made up.
    pub concealed: u64,
    /// Times the clock was set anew: the sender jumped or stalled.
    pub resyncs: u64,
}

/// What [`JitterBuffer::pull`] handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulled {
    /// Audio of the sender.
    Audio,
    /// Made up, at least in part.
    Concealed,
    /// Silence: nothing came yet, or the sender pauses.
    Silence,
}

/// A jitter buffer of one direction of one stream.
#[derive(Debug)]
pub struct JitterBuffer {
    rate: u32,
    ring: SampleRing,
    stream: Option<Stream>,
    concealer: Concealer,
    delay: DelayControl,
    stats: JitterStats,
    jitter: f64,
    transit: Option<i64>,
}

/// The stream being received, its numbers unwrapped.
#[derive(Debug, Clone, Copy)]
struct Stream {
    first_sequence: i64,
    newest_sequence: i64,
    /// Bit n: newest - n was received.
    seen: u64,
    /// Received of this stream, for the loss.
    received: u64,
    /// Lost of the streams before.
    lost_before: u64,
    newest_timestamp: i64,
    /// Where the newest audio ends.
    end: i64,
    /// The next sample to hand out.
    play: i64,
    /// The sender paused: what is missing is silence.
    paused: bool,
    /// Sequence number that would continue another stream.
    probation: Option<u16>,
}

impl JitterBuffer {
    /// For a codec of `rate` samples per second, which is also its RTP clock.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        let rate = rate.clamp(8_000, 48_000);
        Self {
            rate,
            ring: SampleRing::new(rate as usize / 2),
            stream: None,
            concealer: Concealer::new(rate),
            delay: DelayControl::new(rate),
            stats: JitterStats::default(),
            jitter: 0.0,
            transit: None,
        }
    }

    /// Takes a packet of decoded audio. `arrival` is since any fixed moment.
    pub fn push(&mut self, sequence: u16, timestamp: u32, arrival: Duration, audio: &[i16]) {
        if audio.len() > (self.rate * MAX_PACKET_MS / 1_000) as usize {
            return;
        }
        self.measure_jitter(timestamp, arrival);
        let Some((mut stream, advance)) = self.register(sequence, timestamp) else { return };
        let begin = stream.unwrap_timestamp(timestamp);
        let end = begin + audio.len() as i64;
        if advance > 0 && begin + i64::from(self.rate) / 2 < stream.end {
            // A newer packet of an older time: the sender set its clock anew.
            stream.newest_timestamp = begin;
            stream.end = begin;
            self.resync(&mut stream, begin);
        } else if begin > stream.end && advance == 1 {
            // No number is missing: the sender paused.
            self.ring.fill_silence(stream.end.max(stream.play), begin);
        }
        let reach = self.ring.capacity() as i64;
        if end > stream.play + reach {
            self.resync(&mut stream, begin);
        } else if begin < stream.play {
            self.stats.late += 1;
            let lateness = stream.play - begin;
            if begin >= stream.end {
                // Audio ran out, so that nothing after it was played: waiting
                // longer keeps every word.
                if self.delay.raise(lateness) {
                    stream.play = begin;
                } else {
                    self.resync(&mut stream, begin);
                }
            } else {
                self.delay.raise(lateness);
            }
        }
        self.delay.arrived(begin - stream.play);
        self.ring.write(stream.play, begin, audio);
        stream.paused = false;
        stream.advance(timestamp, end);
        self.stream = Some(stream);
    }

    /// Takes a packet that is no audio: an event, comfort noise. What is
    /// missing at its time is then silence, not loss.
    pub fn push_other(&mut self, sequence: u16, timestamp: u32) {
        if let Some((mut stream, _)) = self.register(sequence, timestamp) {
            let begin = stream.unwrap_timestamp(timestamp);
            stream.paused |= begin >= stream.newest_timestamp;
            self.stream = Some(stream);
        }
    }

    /// Hands out the next samples: call it with 20 ms every 20 ms.
    pub fn pull(&mut self, out: &mut [i16]) -> Pulled {
        let Some(mut stream) = self.stream else {
            out.fill(0);
            return Pulled::Silence;
        };
        let count = out.len() as i64;
        let waiting = stream.end - stream.play;
        let adjust = self.delay.tick(out.len());
        if adjust > 0 && (waiting <= 0 || self.is_quiet(stream.play, out.len())) {
            // Longer delay: this frame is made up and the clock stands still.
            self.delay.adjusted(count);
            self.concealer.conceal(out);
            return Pulled::Concealed;
        }
        if adjust < 0 && waiting >= 2 * count && self.is_quiet(stream.play, out.len()) {
            self.delay.adjusted(-count);
            self.ring.skip(stream.play, out.len());
            stream.play += count;
        }
        let missing = self.ring.read(stream.play, out);
        stream.play += count;
        let pulled = self.conceal_missing(out, missing, &stream);
        self.stream = Some(stream);
        pulled
    }

    /// Forgets the stream, as when its SSRC changes; counts are kept, and what
    /// was last heard fades out.
    pub fn reset(&mut self) {
        self.stats = self.stats();
        self.stream = None;
        self.transit = None;
        self.ring.clear();
        self.delay = DelayControl::new(self.rate);
    }

    /// Counts so far.
    #[must_use]
    pub fn stats(&self) -> JitterStats {
        let mut stats = self.stats;
        if let Some(stream) = &self.stream {
            stats.lost = stream.lost();
        }
        stats
    }

    /// Interarrival jitter (RFC 3550 §6.4.1).
    #[must_use]
    pub fn jitter(&self) -> Duration {
        Duration::from_secs_f64(self.jitter / f64::from(self.rate))
    }

    /// Audio between the newest sample received and the next one played.
    #[must_use]
    pub fn delay(&self) -> Duration {
        let samples = self.stream.map_or(0, |stream| (stream.end - stream.play).max(0));
        Duration::from_micros(samples.unsigned_abs() * 1_000_000 / u64::from(self.rate))
    }

    /// The extended highest sequence number received, for reports.
    #[must_use]
    pub fn highest_sequence(&self) -> u32 {
        self.stream.map_or(0, |stream| stream.newest_sequence as u32)
    }

    /// Takes note of a packet's number: the stream with it, and how far it
    /// lies beyond the newest before. Nothing if it is to be dropped.
    fn register(&mut self, sequence: u16, timestamp: u32) -> Option<(Stream, i64)> {
        let Some(mut stream) = self.stream else {
            return Some((self.begin(sequence, timestamp, self.stats.lost), 0));
        };
        let distance = i64::from(sequence.wrapping_sub(stream.newest_sequence as u16) as i16);
        if !(-MAX_MISORDER..=MAX_DROPOUT).contains(&distance) {
            if stream.probation == Some(sequence) {
                let lost = stream.lost();
                self.ring.clear();
                self.stats.resyncs += 1;
                return Some((self.begin(sequence, timestamp, lost), 0));
            }
            stream.probation = Some(sequence.wrapping_add(1));
            self.stream = Some(stream);
            return None;
        }
        stream.probation = None;
        if distance > 0 {
            stream.seen = stream.seen.checked_shl(distance as u32).unwrap_or(0) | 1;
            stream.newest_sequence += distance;
        } else {
            let bit = 1u64.checked_shl(distance.unsigned_abs() as u32);
            let Some(bit) = bit else {
                // Older than is remembered: of no use either way.
                self.stats.late += 1;
                return None;
            };
            if stream.seen & bit != 0 {
                self.stats.duplicate += 1;
                return None;
            }
            stream.seen |= bit;
        }
        stream.received += 1;
        self.stats.received += 1;
        Some((stream, distance))
    }

    fn begin(&mut self, sequence: u16, timestamp: u32, lost_before: u64) -> Stream {
        self.stats.received += 1;
        // A round above zero: packets from just before the first stay positive.
        let sequence = i64::from(sequence) + (1 << 16);
        let begin = i64::from(timestamp) + (1 << 32);
        let play = begin - self.delay.target();
        self.ring.fill_silence(play, begin);
        Stream {
            first_sequence: sequence,
            newest_sequence: sequence,
            seen: 1,
            received: 1,
            lost_before,
            newest_timestamp: begin,
            end: begin,
            play,
            paused: false,
            probation: None,
        }
    }

    fn resync(&mut self, stream: &mut Stream, begin: i64) {
        self.stats.resyncs += 1;
        self.ring.clear();
        self.delay.restart();
        stream.play = begin - self.delay.target();
        self.ring.fill_silence(stream.play, begin);
    }

    fn is_quiet(&self, from: i64, count: usize) -> bool {
        self.ring.peak(from, count).is_none_or(|peak| peak < QUIET)
    }

    /// Replaces the `missing` samples of `out`, which was just read.
    fn conceal_missing(&mut self, out: &mut [i16], missing: usize, stream: &Stream) -> Pulled {
        if missing == 0 {
            self.concealer.good(out);
            return Pulled::Audio;
        }
        let after = stream.play >= stream.end;
        if stream.paused && after {
            self.concealer.good(out);
            return Pulled::Silence;
        }
        if after && self.concealer.has_faded() {
            // Nothing has come for long: that is not made up but silent.
            self.concealer.conceal(out);
            return Pulled::Silence;
        }
        self.stats.concealed += missing as u64;
        let mut begin = 0;
        while begin < out.len() {
            let (is_present, length) = self.ring.run(begin);
            let run = &mut out[begin..begin + length.max(1)];
            begin += run.len();
            if is_present {
                self.concealer.good(run);
            } else {
                self.concealer.conceal(run);
            }
        }
        Pulled::Concealed
    }

    fn measure_jitter(&mut self, timestamp: u32, arrival: Duration) {
        let arrival = (arrival.as_micros() as i64).wrapping_mul(i64::from(self.rate)) / 1_000_000;
        let transit = i64::from((arrival as u32).wrapping_sub(timestamp) as i32);
        if let Some(before) = self.transit.replace(transit) {
            let difference = (transit - before).unsigned_abs();
            // A jump of the sender's clock is no jitter.
            if difference < u64::from(self.rate) {
                self.jitter += (difference as f64 - self.jitter) / 16.0;
            }
        }
    }
}

impl Stream {
    fn unwrap_timestamp(&self, timestamp: u32) -> i64 {
        let distance = timestamp.wrapping_sub(self.newest_timestamp as u32) as i32;
        self.newest_timestamp + i64::from(distance)
    }

    fn advance(&mut self, timestamp: u32, end: i64) {
        let begin = self.unwrap_timestamp(timestamp);
        self.newest_timestamp = self.newest_timestamp.max(begin);
        self.end = self.end.max(end);
    }

    fn lost(&self) -> u64 {
        let expected = (self.newest_sequence - self.first_sequence + 1).unsigned_abs();
        self.lost_before + expected.saturating_sub(self.received)
    }
}

#[cfg(test)]
mod tests;
