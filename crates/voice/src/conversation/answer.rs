//! One turn of the agent, from the question to the last sample.

use std::time::Duration;

use offhook_media::frame::FRAME_MS;
use offhook_model::{Timestamp, call::EndReason, report::TurnLatency};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::mouth::Mouth;
use crate::{
    brain::{BrainRequest, CallerWords},
    turn::{Question, Ticks, TurnId},
};

/// What is done once all words are spoken, in this order.
#[derive(Debug, Default)]
pub(super) struct Afterwards {
    pub digits: String,
    pub transfer: bool,
    pub hang_up: Option<EndReason>,
}

/// The caller's side of a turn, until it is reported.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub words: CallerWords,
    pub at: Timestamp,
}

/// A turn that was cut off, in case it is to be said again.
pub(super) struct Unsaid {
    pub turn: TurnId,
    /// All of its words, as far as they were known.
    pub text: String,
    /// How many bytes of them were heard.
    pub heard: usize,
    /// Nothing is missing at the end of the words.
    pub is_complete: bool,
    pub after: Afterwards,
    /// What the brain was asked, if it was.
    pub request: Option<BrainRequest>,
}

/// See the module's description.
pub(super) struct Answer {
    pub turn: TurnId,
    /// Not yet reported: the caller may still go on, and then it is withdrawn.
    pub asked: Option<Asked>,
    /// For the second try.
    pub request: Option<BrainRequest>,
    /// Numbers the tries; what an earlier one still says is ignored.
    pub attempt: u32,
    pub cancel: CancellationToken,
    pub brain_done: bool,
    /// The brain came to its end by itself.
    pub is_complete: bool,
    pub failed: bool,
    pub said_any: bool,
    pub mouth: Option<Mouth>,
    pub after: Afterwards,
    /// Ticks left for the line to confirm digits.
    pub sending_digits: Option<Ticks>,
    /// Ticks left until it leaves the line.
    pub lingers: Option<Ticks>,
    /// It ends the call and is not up for interruption.
    pub last_words: bool,
    pub began: Option<Timestamp>,
    clock: Option<LatencyClock>,
}

/// When things happened to the answer of a question.
#[derive(Debug, Clone, Copy)]
struct LatencyClock {
    end_of_turn: Duration,
    stt: Duration,
    asked: Instant,
    words: Option<Instant>,
    sound: Option<Instant>,
    packet: Option<Instant>,
}

impl Answer {
    pub(super) fn new(turn: TurnId) -> Self {
        Self {
            turn,
            asked: None,
            request: None,
            attempt: 0,
            cancel: CancellationToken::new(),
            brain_done: false,
            is_complete: false,
            failed: false,
            said_any: false,
            mouth: None,
            after: Afterwards::default(),
            sending_digits: None,
            lingers: None,
            last_words: false,
            began: None,
            clock: None,
        }
    }

    /// What is left of it; it must be stopped after this and not before.
    pub(super) fn unsaid(&mut self) -> Unsaid {
        let (text, heard) = self.mouth.as_ref().map(Mouth::text).unwrap_or_default();
        Unsaid {
            turn: self.turn,
            text,
            heard,
            is_complete: self.is_complete,
            after: std::mem::take(&mut self.after),
            request: self.request.take(),
        }
    }

    /// Starts the latency ledger.
    pub(super) fn answers(&mut self, question: &Question) {
        self.clock = Some(LatencyClock {
            end_of_turn: tick_time(question.quiet.saturating_sub(question.stt)),
            stt: tick_time(question.stt.min(question.quiet)),
            asked: Instant::now(),
            words: None,
            sound: None,
            packet: None,
        });
    }

    pub(super) fn on_words(&mut self) {
        if let Some(clock) = &mut self.clock {
            clock.words.get_or_insert_with(Instant::now);
        }
    }

    pub(super) fn on_sound(&mut self) {
        if let Some(clock) = &mut self.clock {
            clock.sound.get_or_insert_with(Instant::now);
        }
    }

    pub(super) fn on_packet(&mut self) {
        if let Some(clock) = &mut self.clock {
            clock.packet.get_or_insert_with(Instant::now);
        }
    }

    /// What the caller waited; none when it answered no words or nothing was heard.
    pub(super) fn latency(&self) -> Option<TurnLatency> {
        let clock = self.clock?;
        let (words, sound, packet) = (clock.words?, clock.sound?, clock.packet?);
        Some(TurnLatency {
            end_of_turn_ms: ms(clock.end_of_turn),
            stt_ms: ms(clock.stt),
            brain_ms: ms(words - clock.asked),
            tts_ms: ms(sound - words),
            playout_ms: ms(packet - sound),
        })
    }
}

/// How long so many ticks are.
pub(super) fn tick_time(ticks: Ticks) -> Duration {
    Duration::from_millis(ticks.saturating_mul(u64::from(FRAME_MS)))
}

fn ms(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
