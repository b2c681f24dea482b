//! A leg: one SIP dialog with one media stream.
//!
//! A task of its own serves the dialog, so that BYE, re-INVITE, OPTIONS and
//! refreshes are answered however slow the owner is. The owner holds a
//! [`Leg`]: it commands, and takes events. Dropping it hangs up.

mod actor;
mod notices;
mod refer;
mod requests;
mod timers;
pub(crate) mod uac;
pub(crate) mod uas;

use std::{
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use offhook_media::{Frame, tone::Tone};
use offhook_voice::line::UtteranceId;
use tokio::sync::mpsc;

use crate::media::{MediaError, MediaSession, MediaStats, Recording};
pub(crate) use actor::Command;
pub use refer::ReferRequest;

/// Events a listener may be behind.
const EVENTS: usize = 256;
/// Places of the queue that audio leaves to other events.
const RESERVED: usize = 64;

/// What happens on a leg.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "fifty of a second's events are audio; a box each would cost more"
)]
pub enum LegEvent {
    /// The callee rings. Once.
    Ringing,
    /// The callee sends audio before its answer (183 with SDP). Once.
    EarlyMedia,
    /// The call is answered: audio flows. Also after [`Leg::answer`].
    Answered,
    /// The next 20 ms from the far end. One every 20 ms from early media or
    /// the answer on; lost when the listener is seconds behind.
    Audio(Frame),
    /// A key was pressed, by RFC 4733 or INFO.
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
    /// The digits asked for have been sent.
    DigitsSent,
    /// The far end put us on hold, or came back.
    HeldByPeer(bool),
    /// [`Leg::hold`] came to its end: whether the far end is held now.
    Held(bool),
    /// The far end asks us to call somebody else instead.
    Referred(ReferRequest),
    /// [`Leg::refer`] goes on; no final status yet.
    ReferProgress(u16),
    /// [`Leg::refer`] came to its end: done, or the status it failed with.
    ReferDone(Result<(), u16>),
    /// No RTP came for the configured time; the leg goes on.
    MediaTimeout,
    /// It is over. The last event, repeated if asked again.
    Ended(LegEnd),
}

/// How a leg ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegEnd {
    /// The far end sent BYE.
    PeerHangup,
    /// We ended it.
    LocalHangup,
    /// The caller gave up before our answer.
    Cancelled,
    /// The callee, or a proxy on the way, refused with this status.
    Refused(u16),
    /// Nobody answered in time; the call was cancelled.
    RingTimeout,
    /// We refused the caller with this status.
    Rejected(u16),
    /// The far end vanished: no ACK, no refresh, no answer to ours.
    Lost,
    /// The far end broke the protocol, or we failed.
    Fault(String),
}

/// A leg could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LegError {
    /// The target's URI, proxy or transport cannot be read.
    #[error("{0:?} is not a SIP address")]
    BadTarget(String),
    /// No media port.
    #[error("no media for the call")]
    Media(#[from] MediaError),
    /// The endpoint is full or draining.
    #[error("the endpoint takes no more calls")]
    Full,
    /// The stack refused.
    #[error("the SIP stack failed: {0}")]
    Stack(String),
    /// The caller has already gone.
    #[error("the call is gone")]
    Gone,
}

/// What is known of the far end.
#[derive(Debug, Default)]
pub(crate) struct Peer {
    pub allows_refer: AtomicBool,
    pub allows_update: AtomicBool,
    pub end: OnceLock<LegEnd>,
}

/// The remote control of a leg; cheap to clone, keeps nothing alive but the
/// media stream.
#[derive(Debug, Clone)]
pub struct LegControl {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) media: Arc<MediaSession>,
    pub(crate) peer: Arc<Peer>,
    pub(crate) call_id: Arc<str>,
}

/// One call leg. See the module.
#[derive(Debug)]
pub struct Leg {
    control: LegControl,
    events: mpsc::Receiver<LegEvent>,
}

impl std::ops::Deref for Leg {
    type Target = LegControl;

    fn deref(&self) -> &LegControl {
        &self.control
    }
}

impl Leg {
    /// The next event; [`LegEvent::Ended`] for ever once it is over. May be
    /// dropped half-way without losing an event.
    pub async fn next(&mut self) -> LegEvent {
        match self.events.recv().await {
            Some(event) => event,
            None => LegEvent::Ended(self.control.peer.end.get().cloned().unwrap_or(LegEnd::Lost)),
        }
    }

    /// A control to hand to others.
    #[must_use]
    pub fn control(&self) -> LegControl {
        self.control.clone()
    }
}

impl LegControl {
    /// The SIP Call-ID, for logs.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Sends 180. Inbound, before the answer.
    pub fn ring(&self) {
        self.command(Command::Ring);
    }

    /// Sends 183 with SDP: audio flows before the answer. Inbound; nothing
    /// happens when the INVITE had no offer.
    pub fn early_media(&self) {
        self.command(Command::EarlyMedia);
    }

    /// Sends 200. Inbound.
    pub fn answer(&self) {
        self.command(Command::Answer);
    }

    /// Refuses with this status, 400 to 699. Inbound, before the answer.
    pub fn reject(&self, status: u16) {
        self.command(Command::Reject(status));
    }

    /// Ends the call, whatever its state: CANCEL, 603 or BYE.
    pub fn hang_up(&self) {
        self.command(Command::HangUp { reason: None });
    }

    /// As [`Self::hang_up`], with a `Reason` header (RFC 3326).
    pub fn hang_up_because(&self, reason: &'static str) {
        self.command(Command::HangUp { reason: Some(reason) });
    }

    /// Puts the far end on hold, or takes it back, by re-INVITE;
    /// [`LegEvent::Held`] follows.
    pub fn hold(&self, hold: bool) {
        self.command(Command::Hold(hold));
    }

    /// Asks the far end to call `uri` instead of us (blind transfer);
    /// [`LegEvent::ReferDone`] follows.
    pub fn refer(&self, uri: &str) {
        self.command(Command::Refer { uri: uri.to_owned() });
    }

    /// Tells who referred us how the new call goes; `is_final` ends it.
    pub fn notify_refer(&self, status: u16, is_final: bool) {
        self.command(Command::Notify { status, is_final });
    }

    /// Whether the far end's `Allow` names REFER.
    #[must_use]
    pub fn peer_allows_refer(&self) -> bool {
        self.peer.allows_refer.load(SeqCst)
    }

    /// Whether the leg is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.peer.end.get().is_some()
    }

    /// Appends audio, 16 kHz mono; see [`MediaSession::play`].
    pub fn play(&self, utterance: UtteranceId, samples: Vec<i16>) -> usize {
        self.media.play(utterance, samples)
    }

    /// No more audio comes for this utterance.
    pub fn finish(&self, utterance: UtteranceId) {
        self.media.finish(utterance);
    }

    /// Drops all queued audio.
    pub fn flush(&self) {
        self.media.flush();
    }

    /// Sends DTMF; [`LegEvent::DigitsSent`] follows.
    ///
    /// # Errors
    /// See [`MediaSession::send_digits`].
    pub fn send_digits(&self, digits: &str) -> Result<(), MediaError> {
        self.media.send_digits(digits)
    }

    /// Plays a tone until [`Self::stop_tone`].
    pub fn loop_tone(&self, tone: Tone) {
        self.media.loop_tone(tone);
    }

    /// Ends [`Self::loop_tone`].
    pub fn stop_tone(&self) {
        self.media.stop_tone();
    }

    /// Joins the audio of two legs.
    pub fn bridge(&self, other: &Self) {
        self.media.bridge(&other.media);
    }

    /// Ends [`Self::bridge`], for both.
    pub fn unbridge(&self) {
        self.media.unbridge();
    }

    /// Records the leg: far end left, us right.
    #[must_use = "finishing the recording tells whether it was kept"]
    pub fn record(&self, path: PathBuf) -> Recording {
        self.media.record(path)
    }

    /// What happened to the audio so far.
    #[must_use]
    pub fn media_stats(&self) -> MediaStats {
        self.media.stats()
    }

    fn command(&self, command: Command) {
        if let Err(mpsc::error::TrySendError::Full(command)) = self.commands.try_send(command) {
            tracing::warn!(sip.call_id = %self.call_id, ?command, "a leg is too busy for a command");
        }
    }
}
