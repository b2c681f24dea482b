//! Voice activity: how likely a frame holds speech.

pub mod energy;
pub mod silero;

pub use energy::EnergyVad;
pub use silero::{SileroVad, VadError};

use crate::Frame;

/// A detector of speech, one per direction of a call; stateful.
pub trait Vad: Send {
    /// Takes the next 20 ms and returns the probability of speech, 0 to 1.
    ///
    /// A detector that works on longer windows answers with its latest value.
    fn push(&mut self, frame: &Frame) -> f32;

    /// Forgets what it heard.
    fn reset(&mut self);
}
