//! A speech service with a known sound for every text (`POST /v1/audio/speech`).

use std::{
    collections::VecDeque,
    fmt, io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use serde_json::json;

use super::served::{Journal, Received, Served, Step, locked, play};
use crate::{
    judge::wav,
    signal::{pcm_bytes, resample, tone_speech},
};

/// Rate of OpenAI's `pcm` format.
pub const PCM_RATE: u32 = 24_000;

/// Text to 16 kHz samples: a real synthesizer, or anything else.
pub type Speaker = Arc<dyn Fn(String) -> BoxFuture<'static, Vec<i16>> + Send + Sync>;

/// How one request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeechManner {
    /// HTTP status; anything but 200 is an error without audio.
    pub status: u16,
    /// Time to the first byte.
    pub first_byte: Duration,
    /// Time between pieces of 100 ms of audio.
    pub gap: Duration,
    /// After this many bytes, no more come.
    pub stall_after_bytes: Option<usize>,
    /// After this many bytes, the connection breaks.
    pub break_after_bytes: Option<usize>,
}

impl Default for SpeechManner {
    fn default() -> Self {
        Self {
            status: 200,
            first_byte: Duration::ZERO,
            gap: Duration::ZERO,
            stall_after_bytes: None,
            break_after_bytes: None,
        }
    }
}

/// The running double.
#[derive(Debug)]
pub struct SpeechDouble {
    served: Served,
    shared: Shared,
}

#[derive(Clone)]
struct Shared {
    journal: Journal,
    speaker: Speaker,
    usual: Arc<Mutex<SpeechManner>>,
    once: Arc<Mutex<VecDeque<SpeechManner>>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("usual", &self.usual).finish_non_exhaustive()
    }
}

impl SpeechDouble {
    /// Starts with tones for words ([`tone_speech`]).
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(Arc::new(|text| Box::pin(async move { tone_speech(&text) }))).await
    }

    /// Starts with another voice.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start_with(speaker: Speaker) -> io::Result<Self> {
        let shared =
            Shared { journal: Journal::default(), speaker, usual: Arc::default(), once: Arc::default() };
        let router = Router::new().route("/v1/audio/speech", post(speak)).with_state(shared.clone());
        Ok(Self { served: Served::start(router).await?, shared })
    }

    /// What `TTS__BASE_URL` takes.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.served.url("/v1")
    }

    /// Requests and cut-off replies.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// Every request from now on.
    pub fn set_manner(&self, manner: SpeechManner) {
        *locked(&self.shared.usual) = manner;
    }

    /// The next request only.
    pub fn manner_once(&self, manner: SpeechManner) {
        locked(&self.shared.once).push_back(manner);
    }

    /// The texts asked for so far.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let input = |r: Received| r.json()["input"].as_str().map(str::to_owned);
        self.shared.journal.requests().into_iter().filter_map(input).collect()
    }
}

async fn speak(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let received = Received { at: Instant::now(), method, uri, headers, body };
    let request = received.json();
    shared.journal.record(received);
    let once = locked(&shared.once).pop_front();
    let manner = once.unwrap_or_else(|| locked(&shared.usual).clone());
    let refuse = |status: u16, reason: &str| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(json!({"error": {"message": reason}}))).into_response()
    };
    if manner.status != 200 {
        return refuse(manner.status, "scripted");
    }
    let Some(text) = request["input"].as_str() else { return refuse(400, "no input") };
    if request["model"].as_str().is_none() || request["voice"].as_str().is_none() {
        return refuse(400, "no model or no voice");
    }
    let samples = resample(&(shared.speaker)(text.to_owned()).await, 16_000, PCM_RATE);
    let (audio, content_type) = match request["response_format"].as_str() {
        Some("pcm") => (pcm_bytes(&samples), "audio/pcm"),
        Some("wav") => (wav::write(PCM_RATE, &[&samples]), "audio/wav"),
        _ => return refuse(400, "only pcm and wav"),
    };
    play(StatusCode::OK, content_type, manner.steps(&audio), &shared.journal)
}

impl SpeechManner {
    fn steps(&self, audio: &[u8]) -> Vec<Step> {
        const PIECE: usize = (PCM_RATE as usize / 10) * 2;
        let cut = self.stall_after_bytes.or(self.break_after_bytes).unwrap_or(audio.len());
        let mut steps = vec![Step::Wait(self.first_byte)];
        for (index, piece) in audio[..cut.min(audio.len())].chunks(PIECE).enumerate() {
            if index > 0 && !self.gap.is_zero() {
                steps.push(Step::Wait(self.gap));
            }
            steps.push(Step::Send(Bytes::copy_from_slice(piece)));
        }
        if self.stall_after_bytes.is_some() {
            steps.push(Step::Stall);
        } else if self.break_after_bytes.is_some() {
            steps.push(Step::Break);
        }
        steps
    }
}
