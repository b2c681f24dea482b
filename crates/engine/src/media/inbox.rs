//! Commands on their way to a stream, in order and bounded.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use offhook_media::tone::Tone;
use offhook_voice::line::UtteranceId;

use super::{StreamParams, bridge::BridgePort, recording::RecordingPort};

/// Samples of agent audio that may wait for one call: four seconds.
pub const MAX_QUEUED_SAMPLES: usize = 4 * 16_000;

/// Commands that may wait. The media thread takes all of them every 20 ms, so
/// this is only reached by a flood of tiny pieces of audio.
const MAX_COMMANDS: usize = 1_024;

/// One thing a session asks of its stream.
#[derive(Debug)]
pub enum Command {
    Configure(StreamParams),
    Play { utterance: UtteranceId, samples: Vec<i16> },
    Finish(UtteranceId),
    Flush,
    Digits(String),
    Tone(Option<Tone>),
    Bridge(Option<BridgePort>),
    Record(RecordingPort),
}

/// The queue between a session and its stream.
///
/// The media thread never waits for it: if a sender holds the lock at that
/// instant, the commands are taken 20 ms later.
#[derive(Debug, Default)]
pub struct Inbox {
    commands: Mutex<Vec<Command>>,
}

impl Inbox {
    /// Appends a command; false when the queue is full and it was dropped.
    /// Audio fills half of it at most, so that a flush always fits.
    pub fn push(&self, command: Command) -> bool {
        let mut commands = self.lock();
        let limit = if matches!(command, Command::Play { .. }) { MAX_COMMANDS / 2 } else { MAX_COMMANDS };
        let fits = commands.len() < limit;
        if fits {
            commands.push(command);
        }
        fits
    }

    /// Swaps the waiting commands with the empty `into`; false when a sender
    /// is just writing.
    pub fn take(&self, into: &mut Vec<Command>) -> bool {
        match self.commands.try_lock() {
            Ok(mut commands) => std::mem::swap(&mut *commands, into),
            Err(TryLockError::Poisoned(poisoned)) => std::mem::swap(&mut *poisoned.into_inner(), into),
            Err(TryLockError::WouldBlock) => return false,
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Command>> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
