//! The REST API.

pub mod auth;
pub mod integrations;
pub mod v0;
pub mod v1;
