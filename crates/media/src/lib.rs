//! RTP, jitter buffer, codecs, resampling, mixing, DTMF, VAD, DSP.
//!
//! Pure: frames in, frames out. No socket, no clock, no thread.

pub mod frame;
pub mod vad;

pub use frame::Frame;
