//! Whole calls on the real binary: a phone of its own, doubles for what costs
//! money, and the API telling what happened.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "measured times are worth seeing")]

#[path = "calls/answered.rs"]
mod answered;
#[path = "calls/barge_in.rs"]
mod barge_in;
#[path = "calls/canary.rs"]
mod canary;
#[path = "calls/draining.rs"]
mod draining;
#[path = "calls/faults.rs"]
mod faults;
#[path = "calls/impaired.rs"]
mod impaired;
#[path = "calls/outage.rs"]
mod outage;
#[path = "calls/outbound.rs"]
mod outbound;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "calls/refused.rs"]
mod refused;
#[path = "support/server.rs"]
mod server;
#[path = "calls/stage.rs"]
mod stage;
#[path = "calls/texts.rs"]
mod texts;
#[path = "calls/webhook_mode.rs"]
mod webhook_mode;
