//! Everything of the conversation that reaches outside: HTTP and speech engines.

pub mod chat;
pub mod fetch;
