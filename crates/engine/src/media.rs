//! RTP on media threads: one [`MediaPool`] per process, one [`MediaSession`]
//! per stream.
//!
//! A media thread owns an absolute 20 ms clock, divided into four slots of
//! 5 ms over which its streams are spread. At its slot a stream takes what
//! the socket received, hands 20 ms to its listener and sends 20 ms. Nothing
//! there waits: commands, events, bridges and recordings cross in bounded
//! queues, and what does not fit is dropped and counted.
//!
//! ```text
//! MediaSession ── Inbox (commands) ─► Stream ── Outlet ─► Receiver<MediaEvent>
//!                            socket ◄─► on its thread ─► Recorder ring ─► writer thread
//! ```

mod bridge;
mod config;
mod event;
mod inbox;
mod latch;
mod lateness;
mod outlet;
mod playout;
mod pool;
mod ports;
mod realtime;
mod receive;
mod recording;
mod send;
mod session;
mod stream;
mod thread;

#[cfg(test)]
mod tests;

pub use config::{Codec, Direction, MediaConfig, MediaError, StreamParams};
pub use event::MediaEvent;
pub use lateness::Lateness;
pub use pool::{MediaPool, PoolStats};
pub use recording::{Recording, RecordingError, RecordingSummary};
pub use session::{MediaSession, MediaStats};
