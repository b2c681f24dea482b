//! pocketsphinx, linked: recognition with no key and no download.
//!
//! **Demo grade.** Good for command-like English from clear voices; not for
//! dictation. One thread per call feeds a decoder that is lent to the call
//! while its caller speaks; a decoder takes about half a core and 100 MB, so
//! that their number bounds how many callers may *speak* at once.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Once},
};

use offhook_media::frame::FRAME_MS;
use tokio::sync::mpsc;

use self::{
    bandwidth::BandwidthFill,
    decoder::{Channel, Decoder},
    pool::Pool,
};
use super::embedded::is_english;
use crate::speech::{Recognizer, RecognizerSettings, SpeechError, SttEvent, SttInput, SttStream};

mod bandwidth;
mod decoder;
mod ffi;
mod pool;

const ENGINE: &str = "pocketsphinx";
/// Frames that may wait: five seconds, so that loading a decoder loses nothing.
const QUEUE: usize = 250;
/// Frames between looks at the words so far.
const PARTIAL_EVERY: u32 = 10;
/// Of one stretch no more than this is recognised: memory grows with it.
const LONGEST_STRETCH_FRAMES: u32 = 60_000 / FRAME_MS;

/// Where the distribution keeps the English model.
#[must_use]
pub fn default_model() -> PathBuf {
    Path::new(env!("OFFHOOK_POCKETSPHINX_MODELS")).join("en-us")
}

/// Decoders that a machine can run: two per core.
#[must_use]
pub fn default_streams() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from) * 2
}

/// The recogniser; cheap until the first call.
pub struct PocketSphinx {
    pool: Arc<Pool>,
}

impl PocketSphinx {
    /// A recogniser with the models in `directory` (`en-us/`, `en-us.lm.bin`,
    /// `cmudict-en-us.dict`), for at most `max_streams` callers who speak at once.
    #[must_use]
    pub fn new(directory: PathBuf, max_streams: usize) -> Self {
        Self { pool: Arc::new(Pool::new(directory, max_streams)) }
    }
}

impl Recognizer for PocketSphinx {
    fn name(&self) -> &'static str {
        "pocketsphinx (demo grade)"
    }

    fn open(&self, settings: RecognizerSettings) -> SttStream {
        static LABEL: Once = Once::new();
        LABEL.call_once(|| {
            tracing::warn!(
                "speech is recognised by pocketsphinx: demo grade; configure stt.provider for real use"
            );
        });
        let (input, heard) = mpsc::channel(QUEUE);
        let (out, events) = mpsc::channel(64);
        let refusal = if is_english(&settings.language) {
            let stream = Stream {
                pool: Arc::clone(&self.pool),
                out: out.clone(),
                channel: None,
                stretch: None,
                fill: BandwidthFill::default(),
            };
            std::thread::Builder::new()
                .name("stt".into())
                .spawn(move || stream.run(heard))
                .err()
                .map(|e| e.to_string())
        } else {
            Some(format!("it knows English only, not {}; configure stt.provider", settings.language))
        };
        if let Some(reason) = refusal {
            let error = SpeechError::Unavailable { engine: ENGINE, reason };
            // The channel is new and has room.
            let _ = out.try_send(SttEvent::Failed { utterance: None, error });
        }
        SttStream { input, events }
    }
}

/// One call, on its own thread.
struct Stream {
    pool: Arc<Pool>,
    out: mpsc::Sender<SttEvent>,
    channel: Option<Channel>,
    stretch: Option<Stretch>,
    fill: BandwidthFill,
}

struct Stretch {
    utterance: u64,
    decoder: Decoder,
    frames: u32,
    words: String,
}

impl Stream {
    fn run(mut self, mut heard: mpsc::Receiver<SttInput>) {
        // Loading while the greeting plays costs the caller nothing.
        if let Err(error) = self.pool.warm() {
            let _ = self.out.blocking_send(SttEvent::Failed { utterance: None, error });
            return;
        }
        while let Some(input) = heard.blocking_recv() {
            let is_heard = match input {
                SttInput::Begin { utterance } => self.begin(utterance),
                SttInput::Audio(frame) => {
                    let frame = self.fill.fill(&frame);
                    self.audio(&frame.0);
                    true
                }
                SttInput::End { utterance } => self.end(utterance),
                SttInput::Discard { utterance } => {
                    if self.stretch.as_ref().is_some_and(|s| s.utterance == utterance) {
                        self.abandon();
                    }
                    true
                }
            };
            if !is_heard {
                break;
            }
        }
        self.abandon();
    }

    /// False when nobody listens any more.
    fn begin(&mut self, utterance: u64) -> bool {
        self.abandon();
        let taken = self.pool.take().and_then(|mut decoder| {
            if decoder.start(self.channel.as_ref()) {
                return Ok(decoder);
            }
            self.pool.give_back(decoder);
            Err(SpeechError::Failed { engine: ENGINE, reason: "an utterance could not be started".into() })
        });
        match taken {
            Ok(decoder) => {
                self.stretch = Some(Stretch { utterance, decoder, frames: 0, words: String::new() });
                true
            }
            Err(error) => {
                self.out.blocking_send(SttEvent::Failed { utterance: Some(utterance), error }).is_ok()
            }
        }
    }

    fn audio(&mut self, samples: &[i16]) {
        let Some(stretch) = &mut self.stretch else { return };
        stretch.frames += 1;
        if stretch.frames > LONGEST_STRETCH_FRAMES {
            return;
        }
        stretch.decoder.feed(samples);
        if stretch.frames.is_multiple_of(PARTIAL_EVERY) {
            let words = stretch.decoder.words();
            if !words.is_empty() {
                // Words that stood through a fifth of a second often stay.
                let stability = if words == stretch.words { 0.7 } else { 0.3 };
                stretch.words.clone_from(&words);
                // A partial that finds no room is superseded by the next.
                let _ = self.out.try_send(SttEvent::Partial {
                    utterance: stretch.utterance,
                    text: words,
                    stability,
                });
            }
        }
    }

    fn end(&mut self, utterance: u64) -> bool {
        match self.stretch.take_if(|s| s.utterance == utterance) {
            Some(mut stretch) => {
                let (text, confidence) = stretch.decoder.finish();
                self.channel = Some(stretch.decoder.channel());
                self.pool.give_back(stretch.decoder);
                self.out.blocking_send(SttEvent::Final { utterance, text, confidence }).is_ok()
            }
            // Its failure was told at the beginning.
            None => !self.out.is_closed(),
        }
    }

    /// Ends a stretch that is not wanted; what it taught is forgotten too.
    fn abandon(&mut self) {
        if let Some(mut stretch) = self.stretch.take() {
            stretch.decoder.finish();
            self.pool.give_back(stretch.decoder);
        }
    }
}

#[cfg(test)]
mod tests;
