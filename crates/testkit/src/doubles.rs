//! Stand-ins for what costs money or needs weights: a chat model, a
//! transcription and a speech service, a developer's webhook. Each is a real
//! HTTP server on loopback that misbehaves on demand.

pub mod chat;
mod multipart;
pub mod served;
pub mod speech;
pub mod transcription;
pub mod webhook;
