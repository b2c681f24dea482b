//! Synthesis by any service with OpenAI's shape: `POST /audio/speech`.
//!
//! The audio is played while it arrives, and the next clause is asked for while
//! the current one plays. Cancelling drops the connection.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use offhook_media::frame::RATE;
use reqwest::Client;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    catalogue,
    clauses::{ClauseAudio, speak_clauses},
    espeak::WavReader,
    openai_stt::describe,
    rate::RateConverter,
    speakable::speakable,
};
use crate::speech::{SpeakRequest, SpeechChunk, SpeechError, Synthesizer};

const ENGINE: &str = "openai tts";
/// Rate of `response_format: pcm`.
const PCM_RATE: f64 = 24_000.0;
/// Pieces of audio that may wait for a clause to be played.
const QUEUE: usize = 64;

/// What to ask for the sound in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpeechFormat {
    /// Bare 16-bit samples at 24 kHz, as OpenAI defines it.
    #[default]
    Pcm,
    /// 16-bit mono WAV of any rate, for services whose PCM differs.
    Wav,
}

/// How to reach and use the service.
#[derive(Debug, Clone)]
pub struct OpenAiTtsSettings {
    /// `https://host/v1`.
    pub base_url: String,
    /// Sent as a bearer token.
    pub api_key: Option<String>,
    /// The `model` field.
    pub model: String,
    /// What to ask for the sound in.
    pub format: SpeechFormat,
    /// The service's voice for a catalogue id; the catalogue's own mapping otherwise.
    pub voices: HashMap<String, String>,
    /// Until the first byte of a clause.
    pub first_byte: Duration,
    /// Between bytes.
    pub idle: Duration,
}

/// The service.
#[derive(Debug, Clone)]
pub struct OpenAiTts {
    service: Arc<Service>,
}

#[derive(Debug)]
struct Service {
    client: Client,
    url: String,
    settings: OpenAiTtsSettings,
}

impl OpenAiTts {
    /// The service of these settings.
    #[must_use]
    pub fn new(client: Client, settings: OpenAiTtsSettings) -> Self {
        let url = format!("{}/audio/speech", settings.base_url.trim_end_matches('/'));
        Self { service: Arc::new(Service { client, url, settings }) }
    }
}

impl Synthesizer for OpenAiTts {
    fn name(&self) -> &'static str {
        ENGINE
    }

    fn speak(&self, request: SpeakRequest) -> BoxStream<'static, Result<SpeechChunk, SpeechError>> {
        let service = Arc::clone(&self.service);
        let voice = service.settings.voices.get(&request.voice).cloned();
        let voice: Arc<str> =
            voice.unwrap_or_else(|| catalogue::resolve(&request.voice).openai().to_owned()).into();
        let (speed, cancel) = (request.speed, request.cancel.clone());
        speak_clauses(request, move |clause| {
            let Some(text) = speakable(clause) else { return futures::stream::empty().boxed() };
            start(Arc::clone(&service), text, Arc::clone(&voice), speed, cancel.clone())
        })
    }
}

/// Asks for a clause at once; the connection lives as long as the stream.
fn start(
    service: Arc<Service>,
    text: String,
    voice: Arc<str>,
    speed: f64,
    cancel: CancellationToken,
) -> ClauseAudio {
    let (out, audio) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let outcome = tokio::select! {
            () = cancel.cancelled() => Ok(()),
            () = out.closed() => Ok(()),
            outcome = service.fetch(&text, &voice, speed, &out) => outcome,
        };
        if let Err(error) = outcome {
            // Nobody listens any more: fine.
            let _ = out.send(Err(error)).await;
        }
    });
    futures::stream::unfold(audio, |mut audio| async { Some((audio.recv().await?, audio)) }).boxed()
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a str,
    voice: &'a str,
    response_format: SpeechFormat,
    speed: f64,
}

impl Service {
    async fn fetch(
        &self,
        text: &str,
        voice: &str,
        speed: f64,
        out: &mpsc::Sender<Result<SpeechChunk, SpeechError>>,
    ) -> Result<(), SpeechError> {
        let settings = &self.settings;
        let speed = speed.clamp(0.25, 4.0);
        let body =
            Body { model: &settings.model, input: text, voice, response_format: settings.format, speed };
        let mut request = self.client.post(&self.url).json(&body);
        if let Some(key) = &settings.api_key {
            request = request.bearer_auth(key);
        }
        let response =
            within(settings.first_byte, request.send()).await?.map_err(|e| failed(describe(&e)))?;
        if !response.status().is_success() {
            return Err(failed(format!("it answered {}", response.status())));
        }
        let mut reader = Reader::new(settings.format);
        let mut stream = response.bytes_stream();
        let mut patience = settings.first_byte;
        let mut is_heard = false;
        while let Some(piece) = within(patience, stream.next()).await? {
            let piece: Bytes = piece.map_err(|e| failed(describe(&e)))?;
            patience = settings.idle;
            for part in piece.chunks(8192) {
                let samples = reader.push(part)?;
                is_heard |= !samples.is_empty();
                if !samples.is_empty()
                    && out.send(Ok(SpeechChunk { samples, marks: Vec::new() })).await.is_err()
                {
                    return Ok(());
                }
            }
        }
        if !is_heard {
            return Err(failed("it answered without sound".into()));
        }
        // Nobody listens any more: fine.
        let _ = out.send(Ok(SpeechChunk { samples: reader.finish(), marks: Vec::new() })).await;
        Ok(())
    }
}

fn failed(reason: String) -> SpeechError {
    SpeechError::Failed { engine: ENGINE, reason }
}

async fn within<T>(after: Duration, work: impl Future<Output = T>) -> Result<T, SpeechError> {
    tokio::time::timeout(after, work).await.map_err(|_| SpeechError::Timeout { engine: ENGINE, after })
}

/// Bytes of the answer to samples at 16 kHz.
enum Reader {
    Pcm { half: Option<u8>, converter: RateConverter },
    Wav(WavReader),
}

impl Reader {
    fn new(format: SpeechFormat) -> Self {
        match format {
            SpeechFormat::Pcm => {
                Self::Pcm { half: None, converter: RateConverter::new(PCM_RATE, f64::from(RATE)) }
            }
            SpeechFormat::Wav => Self::Wav(WavReader::default()),
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<Vec<i16>, SpeechError> {
        match self {
            Self::Wav(reader) => reader.push(bytes).map_err(|reason| failed(reason.to_owned())),
            Self::Pcm { half, converter } => {
                let mut samples = Vec::with_capacity(bytes.len() / 2 + 1);
                for &byte in bytes {
                    match half.take() {
                        Some(low) => samples.push(i16::from_le_bytes([low, byte])),
                        None => *half = Some(byte),
                    }
                }
                Ok(converter.push(&samples))
            }
        }
    }

    fn finish(&mut self) -> Vec<i16> {
        match self {
            Self::Pcm { converter, .. } => converter.finish(),
            Self::Wav(reader) => reader.finish(),
        }
    }
}

#[cfg(test)]
mod tests;
