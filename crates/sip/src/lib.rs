//! SIP call machines and SDP offer/answer.
//!
//! Pure: no socket, no clock, no task. Time comes in as [`std::time::Instant`]
//! arguments and goes out as deadlines; the engine carries both.

pub mod cause;
pub mod refer;
pub mod ring;
pub mod sdp;
pub mod session_timer;
