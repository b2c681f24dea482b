//! Two streams joined by a pair of rings.

use offhook_media::Frame;
use rtrb::{Consumer, Producer, RingBuffer};

/// Frames on their way to the other stream: both tick every 20 ms, so more
/// than a few only gather when its thread stood still.
const CAPACITY: usize = 16;

/// Frames above which one is skipped to keep the delay small.
const COMFORTABLE: usize = 3;

/// What crosses a bridge.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::large_enum_variant, reason = "a media thread does not allocate for every frame")]
pub enum Crossing {
    Audio(Frame),
    Digit(char),
}

/// One side of a bridge, owned by a stream.
#[derive(Debug)]
pub struct BridgePort {
    to: Producer<Crossing>,
    from: Consumer<Crossing>,
}

/// Makes both sides.
pub fn pair() -> (BridgePort, BridgePort) {
    let (to_b, from_a) = RingBuffer::new(CAPACITY);
    let (to_a, from_b) = RingBuffer::new(CAPACITY);
    (BridgePort { to: to_b, from: from_b }, BridgePort { to: to_a, from: from_a })
}

impl BridgePort {
    /// Hands something to the other side; dropped if that does not take it.
    pub fn send(&mut self, crossing: Crossing) {
        let _full = self.to.push(crossing);
    }

    /// The other side's next 20 ms, or nothing if it has none.
    pub fn receive(&mut self, digits: &mut impl FnMut(char)) -> Option<Frame> {
        let mut waiting = self.from.slots();
        let mut audio = None;
        while waiting > 0 {
            waiting -= 1;
            match self.from.pop().ok()? {
                Crossing::Digit(digit) => digits(digit),
                Crossing::Audio(frame) => {
                    audio = Some(frame);
                    if waiting < COMFORTABLE {
                        break;
                    }
                }
            }
        }
        audio
    }

    /// Whether the other side has left.
    pub fn is_over(&self) -> bool {
        self.from.is_abandoned()
    }
}
