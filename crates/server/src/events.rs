//! Live events on their way to a watching client.
//!
//! They travel on [`offhook_bus::Bus`]; here they take the form of
//! server-sent events.

pub mod sse;
