//! What a stream tells its session.

use offhook_media::Frame;
use offhook_voice::line::UtteranceId;

/// An event of a stream, in order.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a media thread does not allocate for every frame")]
pub enum MediaEvent {
    /// The next 20 ms from the far end; silence while it may not send. One
    /// every 20 ms from the first [`super::MediaSession::configure`].
    Audio(Frame),
    /// A key was pressed.
    Digit(char),
    /// How much of an utterance has left on the wire; see
    /// [`offhook_voice::line::Heard::Played`].
    Played {
        /// Which.
        utterance: UtteranceId,
        /// Samples at 16 kHz since its beginning.
        samples: u64,
        /// All of it has left.
        finished: bool,
    },
    /// All digits asked for have been sent.
    DigitsSent,
    /// No RTP came for the configured time. Raised once per silence.
    TimedOut,
}
