//! The phone line as the conversation sees it: two bounded channels.
//!
//! The engine owns sockets and the 20 ms clock. It sends one [`Heard::Audio`]
//! for every 20 ms of the call, lost packets concealed, so that the
//! conversation needs no clock of its own: frames are its ticks.

use std::sync::Arc;

use offhook_media::Frame;
use offhook_model::{call::EndReason, e164::E164};

/// One stretch of agent speech, from its first sample to its last. Numbers
/// grow; audio of an older utterance than the newest flushed one is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UtteranceId(pub u64);

/// What the conversation hears of the line.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "frames are nearly all of the traffic")]
pub enum Heard {
    /// The next 20 ms from the other party.
    Audio(Frame),
    /// The other party pressed a key: `0-9 * # A-D`.
    Digit(char),
    /// How much of an utterance has left on the wire. Sent at the first frame
    /// and then at least every 100 ms while it plays.
    Played {
        /// Which.
        utterance: UtteranceId,
        /// Samples at 16 kHz since its beginning.
        samples: u64,
        /// All of it has left ([`Act::Finish`] was received and the queue is empty).
        finished: bool,
    },
    /// The digits asked for have been sent.
    DigitsSent,
    /// The transfer did not come about; the call goes on.
    TransferFailed {
        /// `busy`, `no answer`, `refused`…; for the transcript's reader and the model.
        reason: String,
    },
    /// The other party put us on hold, or came back.
    Held(bool),
    /// The call must end: say this instead of anything else, then hang up.
    Leave {
        /// The last words.
        words: Arc<str>,
        /// Why it ends.
        reason: EndReason,
    },
}

/// What the conversation does with the line.
#[derive(Debug, Clone)]
pub enum Act {
    /// Append audio to an utterance: 16 kHz mono. The line holds at most four
    /// seconds; the conversation keeps no more than one second ahead of what
    /// was [`Heard::Played`].
    Play {
        /// Which.
        utterance: UtteranceId,
        /// Any number of samples.
        samples: Vec<i16>,
    },
    /// No more audio will come for this utterance.
    Finish {
        /// Which.
        utterance: UtteranceId,
    },
    /// Drop everything queued, at once (barge-in). A [`Heard::Played`] with the
    /// final position follows.
    Flush,
    /// Send DTMF, RFC 4733: `0-9 * #`, `w` and `,` pause half a second.
    SendDigits(String),
    /// Hand the call to this number and leave.
    Transfer {
        /// The target.
        to: E164,
    },
    /// End the call.
    HangUp(EndReason),
}
