//! What the conversation asks of speech engines.
//!
//! Both traits are streams, because good engines are: audio flows in while
//! words flow out, text flows in while audio flows out. An engine that works
//! in one piece (an HTTP upload, a C library) does so behind the same shape.

use futures::stream::BoxStream;
use offhook_media::Frame;
use offhook_model::agent::SttMode;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A speech engine failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SpeechError {
    /// It cannot be used as configured.
    #[error("{engine} is not available: {reason}")]
    Unavailable {
        /// Which engine.
        engine: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// It answered with an error.
    #[error("{engine} failed: {reason}")]
    Failed {
        /// Which engine.
        engine: &'static str,
        /// What it said.
        reason: String,
    },
    /// It did not answer in time.
    #[error("{engine} did not answer within {after:?}")]
    Timeout {
        /// Which engine.
        engine: &'static str,
        /// How long was waited.
        after: std::time::Duration,
    },
}

/// What a recogniser should expect.
#[derive(Debug, Clone, PartialEq)]
pub struct RecognizerSettings {
    /// Locale, e.g. `en-US`.
    pub language: String,
    /// Latency against accuracy.
    pub mode: SttMode,
    /// Words likely to be said: names from the prompt and the greeting.
    pub hints: Vec<String>,
}

/// Speech to text.
pub trait Recognizer: Send + Sync {
    /// The engine's name, for logs and `doctor`.
    fn name(&self) -> &'static str;

    /// Opens a stream for one call.
    ///
    /// Must not block: connecting or loading happens inside the stream, and a
    /// failure comes as [`SttEvent::Failed`].
    fn open(&self, settings: RecognizerSettings) -> SttStream;
}

/// One call's recognition. Dropping it frees the engine's resources.
#[derive(Debug)]
pub struct SttStream {
    /// Bounded; a full channel means the engine lags: the frame is dropped and counted.
    pub input: mpsc::Sender<SttInput>,
    /// Words, as they are known.
    pub events: mpsc::Receiver<SttEvent>,
}

/// What goes into a recogniser.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "frames are nearly all of the traffic")]
pub enum SttInput {
    /// The caller began to speak, by the VAD; `utterance` numbers this stretch.
    /// The frames before it that belong to the onset (about 300 ms) follow as `Audio`.
    Begin {
        /// Grows by one for each stretch.
        utterance: u64,
    },
    /// 20 ms within a stretch of speech (and the pauses inside it).
    Audio(Frame),
    /// The caller has finished: answer with [`SttEvent::Final`] for this stretch.
    End {
        /// Which.
        utterance: u64,
    },
    /// The stretch was noise: forget it, answer nothing.
    Discard {
        /// Which.
        utterance: u64,
    },
}

/// What comes out of a recogniser.
#[derive(Debug, Clone)]
pub enum SttEvent {
    /// Words so far; may change.
    Partial {
        /// Of which stretch.
        utterance: u64,
        /// All words of the stretch so far.
        text: String,
        /// 0 to 1; 1 will not change any more.
        stability: f32,
    },
    /// The words of a stretch; empty when nothing was understood.
    Final {
        /// Of which stretch.
        utterance: u64,
        /// The words.
        text: String,
        /// 0 to 1.
        confidence: f64,
    },
    /// This stretch (or, with none, the stream) is lost.
    Failed {
        /// Of which stretch.
        utterance: Option<u64>,
        /// Why.
        error: SpeechError,
    },
}

/// What to say, and how.
pub struct SpeakRequest {
    /// Clauses in order; the engine begins with the first while later ones are
    /// still being written. The end of the stream is the end of the utterance.
    pub text: BoxStream<'static, String>,
    /// Catalogue id of the voice; an engine maps it to its own.
    pub voice: String,
    /// Locale.
    pub language: String,
    /// Rate, 0.5 to 2.0.
    pub speed: f64,
    /// When cancelled the engine stops as soon as it can and ends its stream.
    pub cancel: CancellationToken,
}

/// A piece of speech.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpeechChunk {
    /// 16 kHz mono, any length.
    pub samples: Vec<i16>,
    /// Places where text and sound are known to meet, in order. At least one
    /// at the end of each clause, so that an interrupted text can be cut where
    /// it was heard.
    pub marks: Vec<TextMark>,
}

/// After this sample of the utterance, that much text has been spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextMark {
    /// Samples at 16 kHz since the utterance began.
    pub at_sample: u64,
    /// Bytes of the concatenated clauses spoken by then; a character boundary.
    pub text_bytes: usize,
}

/// Text to speech.
pub trait Synthesizer: Send + Sync {
    /// The engine's name, for logs and `doctor`.
    fn name(&self) -> &'static str;

    /// Speaks; the first error ends the stream. Must not block.
    fn speak(&self, request: SpeakRequest) -> BoxStream<'static, Result<SpeechChunk, SpeechError>>;
}
