//! Speech of the simulated parties, made once and kept.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::StreamExt as _;
use offhook_voice::speech::{SpeakRequest, SpeechError, Synthesizer};
use tokio_util::sync::CancellationToken;

use crate::{actor::Lines, script::Script};

/// Samples kept at most: ten minutes of speech, 19 MB. Beyond it nothing more
/// is kept, only made again.
const MOST_SAMPLES: usize = 10 * 60 * 16_000;
/// Samples of one text at most: what is beyond is cut.
const LONGEST: usize = 120 * 16_000;
/// A synthesizer that takes longer for one text has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes and keeps speech; cheap to clone.
#[derive(Clone)]
pub struct SpeechCache {
    synthesizer: Arc<dyn Synthesizer>,
    kept: Arc<Mutex<HashMap<Key, Arc<[i16]>>>>,
}

/// Voice, language, speed in thousandths, text.
type Key = (String, String, u32, String);

impl fmt::Debug for SpeechCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpeechCache({})", self.synthesizer.name())
    }
}

impl SpeechCache {
    /// An empty one.
    #[must_use]
    pub fn new(synthesizer: Arc<dyn Synthesizer>) -> Self {
        Self { synthesizer, kept: Arc::default() }
    }

    /// All that a script may say.
    ///
    /// # Errors
    /// The synthesizer's first.
    pub async fn lines(&self, script: &Script) -> Result<Lines, SpeechError> {
        let mut lines = Lines::new();
        for text in script.texts() {
            lines.insert(text.to_owned(), self.speech(script, text).await?);
        }
        Ok(lines)
    }

    /// One text in a script's voice: 16 kHz mono.
    ///
    /// # Errors
    /// The synthesizer's.
    pub async fn speech(&self, script: &Script, text: &str) -> Result<Arc<[i16]>, SpeechError> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
        let speed = (script.speed * 1000.0) as u32;
        let key = (script.voice.clone(), script.language.clone(), speed, text.to_owned());
        if let Some(samples) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(samples));
        }
        let samples: Arc<[i16]> = tokio::time::timeout(PATIENCE, self.make(script, text))
            .await
            .unwrap_or(Err(SpeechError::Timeout { engine: self.synthesizer.name(), after: PATIENCE }))?
            .into();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.values().map(|s| s.len()).sum::<usize>() + samples.len() <= MOST_SAMPLES {
            kept.insert(key, Arc::clone(&samples));
        }
        Ok(samples)
    }

    async fn make(&self, script: &Script, text: &str) -> Result<Vec<i16>, SpeechError> {
        let cancel = CancellationToken::new();
        let _stop_when_dropped = cancel.clone().drop_guard();
        let mut pieces = self.synthesizer.speak(SpeakRequest {
            text: futures::stream::iter([text.to_owned()]).boxed(),
            voice: script.voice.clone(),
            language: script.language.clone(),
            speed: script.speed,
            cancel,
        });
        let mut samples = Vec::new();
        while let Some(piece) = pieces.next().await {
            samples.extend(piece?.samples);
            if samples.len() >= LONGEST {
                samples.truncate(LONGEST);
                break;
            }
        }
        Ok(samples)
    }
}
