//! Calls over real sockets on loopback.

mod agent;
mod kit;
mod legs;
mod malformed;
mod raw;
mod registrar;
mod transfer;
