//! Sockets, timers, media threads and call tasks.

pub mod endpoint;
pub mod host;
pub mod leg;
pub mod media;
mod sip;
