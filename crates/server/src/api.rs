//! The REST API.

pub mod integrations;
pub mod v1;
