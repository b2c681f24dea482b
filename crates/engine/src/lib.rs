//! Sockets, timers, media threads and call tasks.

pub mod host;
