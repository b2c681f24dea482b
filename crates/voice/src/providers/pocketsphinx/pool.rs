//! The decoders of the process: loaded when first needed, lent to callers while
//! they speak.

use std::{
    path::PathBuf,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{ENGINE, decoder::Decoder};
use crate::speech::SpeechError;

/// How long a caller who began to speak may wait for a decoder; the words wait
/// with him in the stream's queue.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Pool {
    directory: PathBuf,
    max: usize,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Decoder>,
    /// Idle, lent and being loaded.
    count: usize,
}

impl Pool {
    pub(super) fn new(directory: PathBuf, max: usize) -> Self {
        Self { directory, max: max.max(1), state: Mutex::default(), returned: Condvar::new() }
    }

    /// Loads the first decoder unless there is one. Blocks.
    pub(super) fn warm(&self) -> Result<(), SpeechError> {
        let is_cold = {
            let mut state = self.lock();
            let is_cold = state.count == 0;
            state.count += usize::from(is_cold);
            is_cold
        };
        if is_cold {
            let decoder = self.load_counted()?;
            self.give_back(decoder);
        }
        Ok(())
    }

    /// Lends a decoder, loading one if that is allowed. Blocks.
    pub(super) fn take(&self) -> Result<Decoder, SpeechError> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.lock();
        loop {
            if let Some(decoder) = state.idle.pop() {
                return Ok(decoder);
            }
            if state.count < self.max {
                state.count += 1;
                drop(state);
                return self.load_counted();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(SpeechError::Unavailable {
                    engine: ENGINE,
                    reason: format!("{} callers already speak at once (stt.max_streams)", self.max),
                });
            }
            state = self.returned.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes a lent decoder back.
    pub(super) fn give_back(&self, decoder: Decoder) {
        self.lock().idle.push(decoder);
        self.returned.notify_one();
    }

    /// Loads one that is already counted.
    fn load_counted(&self) -> Result<Decoder, SpeechError> {
        let loaded = Decoder::load(&self.directory);
        if loaded.is_err() {
            self.lock().count -= 1;
            self.returned.notify_one();
        }
        loaded
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
