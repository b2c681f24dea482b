//! What Offhook talks about: ids, numbers, agents, calls, events.
//!
//! Pure data and pure rules. Nothing here reads a clock, draws a random
//! number or touches the network; both are arguments where they matter.

pub mod address;
pub mod agent;
pub mod call;
pub mod e164;
pub mod erasure;
pub mod id;
pub mod message;
pub mod number;
pub mod plan;
pub mod registration;
pub mod report;
pub mod retention;
pub mod segments;
pub mod sip_trunk;
pub mod tool;
pub mod usage;
pub mod user;
pub mod webhook;
pub mod whatsapp;

/// A moment in UTC; serialised as RFC 3339 with `Z` (contract §0.5).
pub use jiff::Timestamp;
