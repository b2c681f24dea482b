//! The handle of one stream.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use offhook_media::{frame::RATE, rfc4733, tone::Tone};
use offhook_voice::line::UtteranceId;
use tokio::sync::mpsc;

use super::{
    MediaError, MediaEvent, StreamParams, bridge,
    inbox::{Command, Inbox, MAX_QUEUED_SAMPLES},
    recording::{Recorder, Recording},
};

/// Digits that may wait on one line.
const MAX_DIGITS: usize = 128;

/// One RTP stream of a call: controls it, and ends it when dropped.
///
/// No method blocks or waits for the media thread; each acts at the stream's
/// next 20 ms.
#[derive(Debug)]
pub struct MediaSession {
    shared: Arc<Shared>,
    local: SocketAddr,
    events: Option<mpsc::Receiver<MediaEvent>>,
    recorder: Recorder,
}

/// What a session and its stream both see.
#[derive(Debug, Default)]
pub struct Shared {
    pub inbox: Inbox,
    pub closed: AtomicBool,
    /// Samples of agent audio between [`MediaSession::play`] and the wire.
    pub queued: AtomicUsize,
    pub counters: Counters,
}

impl MediaSession {
    pub(super) const fn new(
        shared: Arc<Shared>,
        local: SocketAddr,
        events: mpsc::Receiver<MediaEvent>,
        recorder: Recorder,
    ) -> Self {
        Self { shared, local, events: Some(events), recorder }
    }

    /// The address to advertise in SDP.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Starts the stream, or changes it after a re-INVITE.
    ///
    /// Sequence numbers and timestamps go on. The lock on the far end's source
    /// is kept unless `remote` changed.
    pub fn configure(&self, params: StreamParams) {
        self.command(Command::Configure(params));
    }

    /// The stream's events. They are bounded: a listener two seconds behind
    /// loses audio (counted), nothing else. A second call gets a closed one.
    #[must_use]
    pub fn take_events(&mut self) -> mpsc::Receiver<MediaEvent> {
        self.events.take().unwrap_or_else(|| mpsc::channel(1).1)
    }

    /// Appends audio (16 kHz mono) to an utterance; see
    /// [`offhook_voice::line::Act::Play`].
    ///
    /// At most four seconds wait; what is beyond is dropped and counted, and
    /// the number of samples taken is returned. Audio of a flushed utterance,
    /// or of an older one than is playing, is dropped. While the stream may
    /// not send, the queue stands still.
    pub fn play(&self, utterance: UtteranceId, mut samples: Vec<i16>) -> usize {
        let queued = self.shared.queued.load(Relaxed);
        let taken = samples.len().min(MAX_QUEUED_SAMPLES.saturating_sub(queued));
        let dropped = samples.len() - taken;
        samples.truncate(taken);
        self.shared.queued.fetch_add(taken, Relaxed);
        if self.shared.inbox.push(Command::Play { utterance, samples }) {
            self.shared.counters.agent_dropped.fetch_add(dropped as u64, Relaxed);
            return taken;
        }
        self.shared.queued.fetch_sub(taken, Relaxed);
        self.shared.counters.agent_dropped.fetch_add((dropped + taken) as u64, Relaxed);
        0
    }

    /// No more audio comes for this utterance: [`MediaEvent::Played`] says
    /// `finished` when the last has left.
    pub fn finish(&self, utterance: UtteranceId) {
        self.command(Command::Finish(utterance));
    }

    /// Drops all queued agent audio (barge-in): silence within 20 ms.
    ///
    /// A [`MediaEvent::Played`] with the final position follows for every
    /// utterance that was not finished; later audio of those is dropped.
    pub fn flush(&self) {
        self.command(Command::Flush);
    }

    /// Sends DTMF: `0-9 * # A-D`, and `w` or `,` for half a second's pause.
    /// [`MediaEvent::DigitsSent`] follows. Agent audio waits meanwhile.
    ///
    /// # Errors
    /// [`MediaError::NotADigit`], [`MediaError::TooManyDigits`]; nothing is sent.
    pub fn send_digits(&self, digits: &str) -> Result<(), MediaError> {
        if let Some(wrong) = digits.chars().find(|&c| !rfc4733::is_sendable(c)) {
            return Err(MediaError::NotADigit(wrong));
        }
        if digits.len() > MAX_DIGITS {
            return Err(MediaError::TooManyDigits(MAX_DIGITS));
        }
        self.command(Command::Digits(digits.to_owned()));
        Ok(())
    }

    /// Plays a tone under everything else until [`Self::stop_tone`]: ringback,
    /// busy, hold.
    pub fn loop_tone(&self, tone: Tone) {
        self.command(Command::Tone(Some(tone)));
    }

    /// Ends [`Self::loop_tone`].
    pub fn stop_tone(&self) {
        self.command(Command::Tone(None));
    }

    /// Sends the audio and digits of each to the other, also across threads.
    ///
    /// Replaces an earlier bridge of either. Audio of [`Self::play`] is mixed in.
    pub fn bridge(&self, other: &Self) {
        let (a, b) = bridge::pair();
        self.command(Command::Bridge(Some(a)));
        other.command(Command::Bridge(Some(b)));
    }

    /// Ends the bridge, for both sides.
    pub fn unbridge(&self) {
        self.command(Command::Bridge(None));
    }

    /// Records to a WAV file, 16 kHz stereo: what the far end was heard to say
    /// on the left, what was sent on the right, aligned on the 20 ms clock.
    ///
    /// The file is made and written by the pool's writer thread and is valid at
    /// any moment. It ends with [`Recording::finish`] or with the session.
    /// Replaces an earlier recording of this stream.
    #[must_use = "finishing the recording tells whether it was kept"]
    pub fn record(&self, path: PathBuf) -> Recording {
        let (port, recording) = self.recorder.start(path);
        self.command(Command::Record(port));
        recording
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> MediaStats {
        MediaStats::of(&self.shared.counters)
    }

    /// How much agent audio waits to be sent.
    #[must_use]
    pub fn queued(&self) -> Duration {
        Duration::from_micros(self.shared.queued.load(Relaxed) as u64 * 1_000_000 / u64::from(RATE))
    }

    fn command(&self, command: Command) {
        if !self.shared.inbox.push(command) {
            tracing::warn!("a media command was dropped: the stream takes none");
        }
    }
}

impl Drop for MediaSession {
    fn drop(&mut self) {
        self.shared.closed.store(true, Relaxed);
    }
}

/// Counts of one stream. Packets, unless another unit is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MediaStats {
    /// RTP sent.
    pub packets_sent: u64,
    /// RTP taken from the far end's locked source.
    pub packets_received: u64,
    /// RTP from elsewhere, or no RTP at all: ignored.
    pub packets_refused: u64,
    /// Never arrived, by sequence number.
    pub lost: u64,
    /// Arrived after their time had been played.
    pub late: u64,
    /// Arrived twice.
    pub duplicate: u64,
    /// Milliseconds made up for missing audio.
    pub concealed_ms: u64,
    /// Interarrival jitter (RFC 3550 §6.4.1) in milliseconds.
    pub jitter_ms: u32,
    /// Present delay of the jitter buffer in milliseconds.
    pub delay_ms: u32,
    /// Frames the listener was too slow to take.
    pub events_dropped: u64,
    /// Samples of agent audio beyond the four seconds that may wait.
    pub agent_dropped: u64,
    /// Frames the recording lost because the disk was too slow.
    pub recording_dropped: u64,
    /// Largest distance of a send from its due time, microseconds.
    pub worst_lateness_us: u64,
}

/// [`MediaStats`] as they grow.
#[derive(Debug, Default)]
pub struct Counters {
    pub packets_sent: AtomicU64,
    pub packets_received: AtomicU64,
    pub packets_refused: AtomicU64,
    pub lost: AtomicU64,
    pub late: AtomicU64,
    pub duplicate: AtomicU64,
    pub concealed_ms: AtomicU64,
    pub jitter_ms: AtomicU32,
    pub delay_ms: AtomicU32,
    pub events_dropped: AtomicU64,
    pub agent_dropped: AtomicU64,
    pub recording_dropped: AtomicU64,
    pub worst_lateness_us: AtomicU64,
}

impl MediaStats {
    /// The counts as they are now.
    pub(super) fn of(counters: &Counters) -> Self {
        Self {
            packets_sent: counters.packets_sent.load(Relaxed),
            packets_received: counters.packets_received.load(Relaxed),
            packets_refused: counters.packets_refused.load(Relaxed),
            lost: counters.lost.load(Relaxed),
            late: counters.late.load(Relaxed),
            duplicate: counters.duplicate.load(Relaxed),
            concealed_ms: counters.concealed_ms.load(Relaxed),
            jitter_ms: counters.jitter_ms.load(Relaxed),
            delay_ms: counters.delay_ms.load(Relaxed),
            events_dropped: counters.events_dropped.load(Relaxed),
            agent_dropped: counters.agent_dropped.load(Relaxed),
            recording_dropped: counters.recording_dropped.load(Relaxed),
            worst_lateness_us: counters.worst_lateness_us.load(Relaxed),
        }
    }
}
