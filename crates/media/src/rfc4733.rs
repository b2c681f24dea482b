//! DTMF as RTP events (RFC 4733): heard and sent.

use std::collections::VecDeque;

/// Keys by event code.
const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// Sounding time of a digit, in 20 ms steps.
const ON_STEPS: u32 = 5;
/// A digit and the 60 ms gap after it, in 20 ms steps.
const DIGIT_STEPS: u32 = 8;
/// Times the end of an event is sent (RFC 4733 §2.5.1.4).
const ENDS: u32 = 3;
/// Half a second, for `w` and `,`.
const PAUSE_STEPS: u32 = 25;
/// Timestamp units of 20 ms at telephone-event's 8 kHz.
const STEP_UNITS: u16 = 160;
/// Digits that may wait.
const MAX_QUEUED: usize = 256;

/// Whether a character can be sent: a key, or a pause.
#[must_use]
pub fn is_sendable(c: char) -> bool {
    matches!(c, 'w' | 'W' | ',') || KEYS.contains(&c.to_ascii_uppercase())
}

/// The payload of a telephone-event packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Event code; 0 to 15 are the keys.
    pub event: u8,
    /// Whether this is the end of the event.
    pub end: bool,
    /// Power level, −dBm0, 0 to 63.
    pub volume: u8,
    /// Length so far, in timestamp units.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads a payload; what follows the first four bytes is ignored.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [event, flags, d0, d1] = *payload.first_chunk::<4>()?;
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3F,
            duration: u16::from_be_bytes([d0, d1]),
        })
    }

    /// The payload's bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 4] {
        let [d0, d1] = self.duration.to_be_bytes();
        [self.event, u8::from(self.end) << 7 | self.volume & 0x3F, d0, d1]
    }

    /// The key, if it is one.
    #[must_use]
    pub fn digit(self) -> Option<char> {
        KEYS.get(usize::from(self.event)).copied()
    }
}

/// Hears each key once, however many packets tell of it.
///
/// A key is reported with its first packet to arrive, so that it does not
/// matter which others, or which ends, are lost.
#[derive(Debug, Default)]
pub struct DtmfReceiver {
    /// Timestamps of the newest events; packets may arrive out of order.
    seen: [Option<u32>; 4],
    oldest: usize,
    last: Option<Heard>,
}

#[derive(Debug, Clone, Copy)]
struct Heard {
    event: TelephoneEvent,
    timestamp: u32,
}

impl DtmfReceiver {
    /// Takes a packet; answers with a key not reported before.
    pub fn push(&mut self, marker: bool, timestamp: u32, payload: &[u8]) -> Option<char> {
        let event = TelephoneEvent::parse(payload)?;
        let digit = event.digit()?;
        if self.seen.contains(&Some(timestamp)) {
            if let Some(last) = self.last.as_mut().filter(|last| last.timestamp == timestamp) {
                last.event = event;
            }
            return None;
        }
        let continues = self.last.is_some_and(|last| is_continuation(last, event, marker, timestamp));
        self.seen[self.oldest] = Some(timestamp);
        self.oldest = (self.oldest + 1) % self.seen.len();
        self.last = Some(Heard { event, timestamp });
        (!continues).then_some(digit)
    }
}

/// A key held for longer than the duration can say goes on with a new
/// timestamp (RFC 4733 §2.5.1.3).
fn is_continuation(last: Heard, event: TelephoneEvent, marker: bool, timestamp: u32) -> bool {
    !marker
        && !last.event.end
        && last.event.event == event.event
        && last.event.duration > 0x8000
        && timestamp.wrapping_sub(last.timestamp) <= 0x1_0000
}

/// What to send for 20 ms of a digit string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigitStep {
    /// An event packet in place of audio.
    Event {
        /// The key.
        digit: char,
        /// The payload.
        event: TelephoneEvent,
        /// Timestamp of the whole event: that of its beginning.
        timestamp: u32,
        /// First packet of the event: the marker bit.
        first: bool,
        /// The end was sent before.
        repeated: bool,
    },
    /// Silence: a gap or a pause.
    Gap,
}

/// Sends digits: 100 ms each, 60 ms between them.
#[derive(Debug, Default)]
pub struct DigitSender {
    queue: VecDeque<char>,
    current: Option<Current>,
}

#[derive(Debug, Clone, Copy)]
struct Current {
    key: Option<(u8, char)>,
    timestamp: u32,
    step: u32,
}

impl DigitSender {
    /// Appends digits and pauses; other characters are skipped.
    pub fn push(&mut self, digits: &str) {
        let room = MAX_QUEUED.saturating_sub(self.queue.len());
        self.queue.extend(digits.chars().filter(|&c| is_sendable(c)).take(room));
    }

    /// Whether nothing is left to send.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.current.is_none() && self.queue.is_empty()
    }

    /// The next 20 ms, which begin at `timestamp`; nothing when idle.
    pub fn step(&mut self, timestamp: u32) -> Option<DigitStep> {
        let mut current = match self.current {
            Some(current) => current,
            None => {
                let c = self.queue.pop_front()?;
                Current { key: key(c), timestamp, step: 0 }
            }
        };
        let step = current.step;
        current.step += 1;
        let steps = if current.key.is_some() { DIGIT_STEPS } else { PAUSE_STEPS };
        self.current = (current.step < steps).then_some(current);
        let Some((event, digit)) = current.key.filter(|_| step < ON_STEPS + ENDS - 1) else {
            return Some(DigitStep::Gap);
        };
        let end = step + 1 >= ON_STEPS;
        let duration = STEP_UNITS * u16::try_from((step + 1).min(ON_STEPS)).unwrap_or(u16::MAX);
        Some(DigitStep::Event {
            digit,
            event: TelephoneEvent { event, end, volume: 10, duration },
            timestamp: current.timestamp,
            first: step == 0,
            repeated: step >= ON_STEPS,
        })
    }
}

fn key(c: char) -> Option<(u8, char)> {
    let c = c.to_ascii_uppercase();
    let place = KEYS.iter().position(|&key| key == c)?;
    Some((u8::try_from(place).ok()?, c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn send(digits: &str) -> Vec<DigitStep> {
        let mut sender = DigitSender::default();
        sender.push(digits);
        let mut timestamp = 1_000u32;
        std::iter::from_fn(|| {
            let step = sender.step(timestamp);
            timestamp = timestamp.wrapping_add(160);
            step
        })
        .collect()
    }

    fn hear(receiver: &mut DtmfReceiver, step: &DigitStep) -> Option<char> {
        match step {
            DigitStep::Event { event, timestamp, first, .. } => {
                receiver.push(*first, *timestamp, &event.to_bytes())
            }
            DigitStep::Gap => None,
        }
    }

    #[test]
    fn a_digit_lasts_100_ms_and_its_end_is_sent_three_times() {
        let steps = send("5");
        assert_eq!(steps.len(), 8);
        let events: Vec<_> = steps
            .iter()
            .filter_map(|step| match step {
                DigitStep::Event { event, timestamp, first, .. } => {
                    Some((event.duration, event.end, *first, *timestamp))
                }
                DigitStep::Gap => None,
            })
            .collect();
        assert_eq!(
            events,
            [
                (160, false, true, 1_000),
                (320, false, false, 1_000),
                (480, false, false, 1_000),
                (640, false, false, 1_000),
                (800, true, false, 1_000),
                (800, true, false, 1_000),
                (800, true, false, 1_000),
            ]
        );
    }

    #[test]
    fn pauses_last_half_a_second() {
        assert_eq!(send("w,").len(), 50);
        assert!(send(",").iter().all(|&step| step == DigitStep::Gap));
    }

    #[test]
    fn each_key_is_heard_once_even_when_repeated_by_the_caller() {
        let mut receiver = DtmfReceiver::default();
        let heard: String = send("1223#*aD").iter().filter_map(|step| hear(&mut receiver, step)).collect();
        assert_eq!(heard, "1223#*AD");
    }

    #[test]
    fn a_key_held_for_ten_seconds_is_heard_once() {
        let mut receiver = DtmfReceiver::default();
        let mut heard = String::new();
        let packet = |duration, end| TelephoneEvent { event: 1, end, volume: 10, duration }.to_bytes();
        heard.extend(receiver.push(true, 0, &packet(160, false)));
        heard.extend(receiver.push(false, 0, &packet(0xFFFF, false)));
        heard.extend(receiver.push(false, 0xFFFF, &packet(160, false)));
        heard.extend(receiver.push(false, 0xFFFF, &packet(320, true)));
        assert_eq!(heard, "1");
    }

    #[test]
    fn other_events_and_short_payloads_are_ignored() {
        let mut receiver = DtmfReceiver::default();
        assert_eq!(receiver.push(true, 1, &[16, 0, 0, 0]), None);
        assert_eq!(receiver.push(true, 1, &[1, 0, 0]), None);
    }

    proptest! {
        #[test]
        fn any_surviving_packet_of_a_digit_is_enough(digits in "[0-9*#]{1,6}", kept in proptest::collection::vec(0usize..7, 6)) {
            let mut receiver = DtmfReceiver::default();
            let mut heard = String::new();
            for (digit, survivor) in send(&digits).chunks(8).zip(kept) {
                heard.extend(hear(&mut receiver, &digit[survivor]));
            }
            prop_assert_eq!(heard, digits);
        }
    }
}
