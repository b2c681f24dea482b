//! Calls over real sockets on loopback.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, with its line")]

mod agent;
mod kit;
mod legs;
mod malformed;
mod raw;
mod registrar;
mod sipp;
mod transfer;
