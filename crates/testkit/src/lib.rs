//! Doubles, impairment relay, scripted callers and audio judges for tests.

pub mod judge;
pub mod signal;
