//! Doubles, impairment relay, scripted callers and audio judges for tests.

pub mod agent;
pub mod doubles;
pub mod judge;
pub mod load;
pub mod relay;
pub mod signal;

pub use offhook_sim::{caller::ScriptedCaller, record::CallRecord, script::Script};
