//! RTP, jitter buffer, codecs, resampling, mixing, DTMF, VAD, DSP.
//!
//! Pure: frames in, frames out. No socket, no clock, no thread.

pub mod frame;
pub mod g711;
pub mod jitter;
pub mod mixer;
pub mod plc;
pub mod resample;
pub mod rfc4733;
pub mod rtp;
pub mod tone;
pub mod vad;
pub mod wav;

pub use frame::Frame;
