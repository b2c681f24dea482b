//! Judges of audio by its content: what was said, when, how alike, which tones.
//!
//! They share no code with what they judge, so that a fault in the codec or
//! the recorder cannot hide itself.

pub mod activity;
pub mod correlation;
pub mod fourier;
pub mod likeness;
pub mod tone;
pub mod wav;
pub mod words;
