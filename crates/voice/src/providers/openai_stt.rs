//! Recognition by any service with OpenAI's shape: `POST /audio/transcriptions`.
//!
//! A stretch of speech is uploaded as one WAV when the caller has finished, so
//! there are no partial results. Stretches are answered in their order.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, future::BoxFuture, stream::FuturesOrdered};
use offhook_media::{
    Frame,
    frame::{FRAME_MS, RATE},
};
use reqwest::{Client, StatusCode, multipart};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::speech::{Recognizer, RecognizerSettings, SpeechError, SttEvent, SttInput, SttStream};

const ENGINE: &str = "openai stt";
/// Frames that may wait: five seconds.
const QUEUE: usize = 250;
/// Of one stretch no more than this is uploaded.
const LONGEST_STRETCH_FRAMES: usize = 120_000 / FRAME_MS as usize;
/// Uploads of one call that may be under way.
const UPLOADS: usize = 4;
/// Bytes of an answer that are read.
const LONGEST_ANSWER: usize = 256 * 1024;
/// Hints sent as the prompt, bytes.
const LONGEST_PROMPT: usize = 800;

/// The service.
#[derive(Debug, Clone)]
pub struct OpenAiStt {
    service: Arc<Service>,
}

#[derive(Debug)]
struct Service {
    client: Client,
    url: String,
    api_key: Option<String>,
    model: String,
    timeout: Duration,
}

impl OpenAiStt {
    /// A service at `base_url` (`https://host/v1`); `timeout` covers one attempt.
    #[must_use]
    pub fn new(
        client: Client,
        base_url: &str,
        api_key: Option<String>,
        model: String,
        timeout: Duration,
    ) -> Self {
        let url = format!("{}/audio/transcriptions", base_url.trim_end_matches('/'));
        Self { service: Arc::new(Service { client, url, api_key, model, timeout }) }
    }
}

impl Recognizer for OpenAiStt {
    fn name(&self) -> &'static str {
        ENGINE
    }

    fn open(&self, settings: RecognizerSettings) -> SttStream {
        let (input, heard) = mpsc::channel(QUEUE);
        let (out, events) = mpsc::channel(64);
        tokio::spawn(run(Arc::clone(&self.service), settings, heard, out));
        SttStream { input, events }
    }
}

type Answer = BoxFuture<'static, SttEvent>;

async fn run(
    service: Arc<Service>,
    settings: RecognizerSettings,
    mut heard: mpsc::Receiver<SttInput>,
    out: mpsc::Sender<SttEvent>,
) {
    let settings = Arc::new(settings);
    let mut answers: FuturesOrdered<Answer> = FuturesOrdered::new();
    let mut stretch: Option<(u64, Vec<Frame>)> = None;
    loop {
        tokio::select! {
            () = out.closed() => return,
            Some(event) = answers.next() => {
                if out.send(event).await.is_err() {
                    return;
                }
            }
            input = heard.recv() => match input {
                None => break,
                Some(SttInput::Begin { utterance }) => stretch = Some((utterance, Vec::new())),
                Some(SttInput::Audio(frame)) => {
                    if let Some((_, frames)) = stretch.as_mut().filter(|(_, f)| f.len() < LONGEST_STRETCH_FRAMES) {
                        frames.push(frame);
                    }
                }
                Some(SttInput::Discard { utterance }) => {
                    stretch.take_if(|(of, _)| *of == utterance);
                }
                Some(SttInput::End { utterance }) => {
                    let Some((_, frames)) = stretch.take_if(|(of, _)| *of == utterance) else { continue };
                    answers.push_back(if answers.len() < UPLOADS {
                        let (service, settings) = (Arc::clone(&service), Arc::clone(&settings));
                        Box::pin(async move { service.answer(&settings, utterance, &frames).await })
                    } else {
                        let reason = format!("{UPLOADS} uploads of this call are already under way");
                        let error = SpeechError::Failed { engine: ENGINE, reason };
                        Box::pin(async move { SttEvent::Failed { utterance: Some(utterance), error } })
                    });
                }
            }
        }
    }
    while let Some(event) = answers.next().await {
        if out.send(event).await.is_err() {
            return;
        }
    }
}

/// Why an attempt gave no words.
struct Fault {
    error: SpeechError,
    is_worth_a_retry: bool,
}

impl Service {
    async fn answer(&self, settings: &RecognizerSettings, utterance: u64, frames: &[Frame]) -> SttEvent {
        if frames.is_empty() {
            return SttEvent::Final { utterance, text: String::new(), confidence: 0.0 };
        }
        let wav = bytes::Bytes::from(wav(frames));
        let mut attempt = self.transcribe(settings, wav.clone()).await;
        if attempt.as_ref().is_err_and(|fault| fault.is_worth_a_retry) {
            attempt = self.transcribe(settings, wav).await;
        }
        match attempt {
            Ok(transcription) => {
                let confidence = transcription.confidence();
                let text = transcription.text.trim().to_owned();
                SttEvent::Final { utterance, text, confidence }
            }
            Err(Fault { error, .. }) => SttEvent::Failed { utterance: Some(utterance), error },
        }
    }

    async fn transcribe(
        &self,
        settings: &RecognizerSettings,
        wav: bytes::Bytes,
    ) -> Result<Transcription, Fault> {
        let attempt = async {
            let response = self
                .request(settings, wav)?
                .send()
                .await
                .map_err(|e| fault(describe(&e), !e.is_builder()))?;
            let status = response.status();
            let mut body = Vec::new();
            let mut stream = response.bytes_stream();
            while let Some(piece) = stream.next().await {
                body.extend_from_slice(&piece.map_err(|e| fault(describe(&e), true))?);
                if body.len() > LONGEST_ANSWER {
                    return Err(fault("the answer is too long".into(), false));
                }
            }
            if !status.is_success() {
                let retry = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                return Err(fault(format!("it answered {status}"), retry));
            }
            serde_json::from_slice(&body)
                .map_err(|e| fault(format!("its answer is not a transcription: {e}"), false))
        };
        tokio::time::timeout(self.timeout, attempt).await.unwrap_or(Err(Fault {
            error: SpeechError::Timeout { engine: ENGINE, after: self.timeout },
            is_worth_a_retry: false,
        }))
    }

    fn request(
        &self,
        settings: &RecognizerSettings,
        wav: bytes::Bytes,
    ) -> Result<reqwest::RequestBuilder, Fault> {
        let length = wav.len() as u64;
        let file = multipart::Part::stream_with_length(reqwest::Body::from(wav), length)
            .file_name("speech.wav")
            .mime_str("audio/wav")
            .map_err(|e| fault(describe(&e), false))?;
        let language = settings.language.split('-').next().unwrap_or_default().to_owned();
        let mut form = multipart::Form::new()
            .part("file", file)
            .text("model", self.model.clone())
            .text("response_format", "json")
            .text("language", language);
        if let Some(prompt) = prompt(&settings.hints) {
            form = form.text("prompt", prompt);
        }
        let request = self.client.post(&self.url).multipart(form);
        Ok(match &self.api_key {
            Some(key) => request.bearer_auth(key),
            None => request,
        })
    }
}

fn fault(reason: String, is_worth_a_retry: bool) -> Fault {
    Fault { error: SpeechError::Failed { engine: ENGINE, reason }, is_worth_a_retry }
}

/// The whole chain in one line, without the URL.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let kind = if error.is_connect() {
        "the connection failed"
    } else if error.is_timeout() {
        "it timed out"
    } else {
        "the request failed"
    };
    let mut cause = std::error::Error::source(error);
    let mut last = None;
    while let Some(inner) = cause {
        last = Some(inner.to_string());
        cause = inner.source();
    }
    last.map_or_else(|| kind.to_owned(), |last| format!("{kind}: {last}"))
}

fn prompt(hints: &[String]) -> Option<String> {
    let mut text = String::new();
    for hint in hints {
        if text.len() + hint.len() + 2 > LONGEST_PROMPT {
            break;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(hint);
    }
    (!text.is_empty()).then_some(text)
}

fn wav(frames: &[Frame]) -> Vec<u8> {
    let data = std::mem::size_of_val(frames);
    let size = u32::try_from(data).unwrap_or(u32::MAX - 44);
    let mut wav = Vec::with_capacity(44 + data);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(size + 36).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(&(RATE * 2).to_le_bytes());
    wav.extend_from_slice(b"\x02\0\x10\0data");
    wav.extend_from_slice(&size.to_le_bytes());
    wav.extend(frames.iter().flat_map(|f| f.0).flat_map(i16::to_le_bytes));
    wav
}

/// What services answer; only `text` is always there.
#[derive(Debug, Deserialize)]
struct Transcription {
    text: String,
    /// Of the gpt-4o family, when they send it.
    #[serde(default)]
    logprobs: Option<Vec<TokenLogprob>>,
    /// Of whisper, when a service answers verbosely.
    #[serde(default)]
    segments: Option<Vec<Segment>>,
}

#[derive(Debug, Deserialize)]
struct TokenLogprob {
    logprob: f64,
}

#[derive(Debug, Deserialize)]
struct Segment {
    avg_logprob: Option<f64>,
}

impl Transcription {
    /// Geometric mean of the probabilities the service gave; 1 when it gave
    /// none, because such services offer nothing to doubt.
    fn confidence(&self) -> f64 {
        let tokens = self.logprobs.iter().flatten().map(|t| t.logprob);
        let segments = self.segments.iter().flatten().filter_map(|s| s.avg_logprob);
        let all: Vec<f64> = tokens.chain(segments).collect();
        if self.text.trim().is_empty() {
            return 0.0;
        }
        if all.is_empty() { 1.0 } else { (all.iter().sum::<f64>() / all.len() as f64).exp().clamp(0.0, 1.0) }
    }
}

#[cfg(test)]
mod tests;
