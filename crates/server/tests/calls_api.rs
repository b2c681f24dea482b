//! Calls through the API, on both databases, with a recorder for an engine.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test, with its line")]

#[path = "calls_api/admission.rs"]
mod admission;
#[path = "calls_api/delivery.rs"]
mod delivery;
#[path = "calls_api/ending.rs"]
mod ending;
#[path = "calls_api/harness.rs"]
mod harness;
#[path = "calls_api/idempotency.rs"]
mod idempotency;
#[path = "calls_api/inbound.rs"]
mod inbound;
#[path = "calls_api/lists.rs"]
mod lists;
#[path = "calls_api/outage.rs"]
mod outage;
#[path = "calls_api/outbox.rs"]
mod outbox;
#[path = "calls_api/party.rs"]
mod party;
#[path = "calls_api/recording.rs"]
mod recording;
#[path = "calls_api/replay.rs"]
mod replay;
#[path = "calls_api/sim.rs"]
mod sim;
#[path = "calls_api/stream.rs"]
mod stream;
#[path = "calls_api/web.rs"]
mod web;
