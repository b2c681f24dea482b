//! Doubles, impairment relay, scripted callers and audio judges for tests.

pub mod doubles;
pub mod judge;
pub mod relay;
pub mod signal;
