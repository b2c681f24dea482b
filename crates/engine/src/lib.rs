//! Sockets, timers, media threads and call tasks.
//!
//! ```text
//! Engine ── Endpoint ── Leg (dialog + media stream)
//!    └── call: answer, dial, bridge, transfer, hold, record, dtmf, hangup
//! ```

mod call;
pub mod endpoint;
mod engine;
pub mod host;
pub mod leg;
pub mod media;
mod sip;
pub mod talk;

pub use engine::{DialRefused, Engine, EngineConfig};
