//! A transcription service that truly listens (`POST /v1/audio/transcriptions`).
//!
//! It knows some utterances by their sound and answers with the words of those
//! it hears in the upload, or with none. A call whose audio is broken gets no
//! words, so a right transcript proves the audio path.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use serde_json::json;

use super::{
    multipart,
    served::{Journal, Received, Served, Step, locked, play},
};
use crate::judge::{likeness::Phrasebook, wav::Recording};

/// Largest upload: a minute of 48 kHz stereo.
const LARGEST_BYTES: usize = 12 << 20;

/// Something that goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TranscriptionFault {
    /// An HTTP error.
    Status(u16),
    /// No answer at all.
    Stall,
    /// Not JSON.
    Garbage,
    /// The connection breaks within the answer.
    Break,
    /// These words, whatever was said.
    Words(String),
}

/// The running double.
#[derive(Debug)]
pub struct TranscriptionDouble {
    served: Served,
    shared: Shared,
}

#[derive(Debug, Clone)]
struct Shared {
    journal: Journal,
    book: Arc<Mutex<Phrasebook>>,
    faults: Arc<Mutex<VecDeque<TranscriptionFault>>>,
    latency: Arc<Mutex<Duration>>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

/// One upload and what was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The words, perhaps none.
    pub words: String,
    /// Lowest likeness among the utterances found; 0 when there was none.
    pub score: f64,
    /// The audio, first channel.
    pub samples: Vec<i16>,
    /// Its rate.
    pub rate: u32,
}

impl TranscriptionDouble {
    /// Starts with what it knows.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(book: Phrasebook) -> io::Result<Self> {
        let shared = Shared {
            journal: Journal::default(),
            book: Arc::new(Mutex::new(book)),
            faults: Arc::default(),
            latency: Arc::default(),
            heard: Arc::default(),
        };
        let router = Router::new()
            .route("/v1/audio/transcriptions", post(transcribe))
            .layer(DefaultBodyLimit::max(LARGEST_BYTES))
            .with_state(shared.clone());
        Ok(Self { served: Served::start(router).await?, shared })
    }

    /// What `STT__BASE_URL` takes.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.served.url("/v1")
    }

    /// Requests and cut-off replies.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// Teaches an utterance.
    pub fn learn(&self, words: &str, samples: &[i16], rate: u32) {
        locked(&self.shared.book).add(words, samples, rate);
    }

    /// Answers this much later from now on.
    pub fn set_latency(&self, latency: Duration) {
        *locked(&self.shared.latency) = latency;
    }

    /// The next request without a fault meets this one.
    pub fn fail_next(&self, fault: TranscriptionFault) {
        locked(&self.shared.faults).push_back(fault);
    }

    /// What was uploaded and understood so far.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        locked(&self.shared.heard).clone()
    }
}

async fn transcribe(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let received = Received { at: Instant::now(), method, uri, headers, body };
    let refuse = |reason: String| {
        (
            StatusCode::BAD_REQUEST,
            Json(json!({"error": {"message": reason, "type": "invalid_request_error"}})),
        )
            .into_response()
    };
    let content_type = received.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let form = multipart::parse(content_type, &received.body);
    let format = form.as_ref().and_then(|f| f.get("response_format")).cloned().unwrap_or_default();
    shared.journal.record(received.clone());
    let Some(form) = form else { return refuse("not a form".into()) };
    if !form.contains_key("model") {
        return refuse("no model".into());
    }
    let recording = match form.get("file").map(|file| Recording::parse(file)) {
        Some(Ok(recording)) => recording,
        Some(Err(error)) => return refuse(error.to_string()),
        None => return refuse("no file".into()),
    };
    let latency = *locked(&shared.latency);
    let fault = locked(&shared.faults).pop_front();
    let mut steps = vec![Step::Wait(latency)];
    let mut text = match fault {
        Some(TranscriptionFault::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return (status, Json(json!({"error": {"message": "scripted"}}))).into_response();
        }
        Some(TranscriptionFault::Stall) => {
            return play(StatusCode::OK, "application/json", vec![Step::Stall], &shared.journal);
        }
        Some(TranscriptionFault::Garbage) => {
            steps.push(Step::Send(Bytes::from_static(b"<html>502</html>")));
            return play(StatusCode::OK, "text/html", steps, &shared.journal);
        }
        Some(TranscriptionFault::Break) => {
            steps.extend([Step::Send(Bytes::from_static(b"{\"text\": \"wh")), Step::Break]);
            return play(StatusCode::OK, "application/json", steps, &shared.journal);
        }
        Some(TranscriptionFault::Words(words)) => words,
        None => listen(&shared, recording).await,
    };
    let content_type = if format == b"text" { "text/plain" } else { "application/json" };
    if format != b"text" {
        text = json!({"text": text}).to_string();
    }
    steps.push(Step::Send(Bytes::from(text)));
    play(StatusCode::OK, content_type, steps, &shared.journal)
}

/// Recognition costs milliseconds of CPU: off the runtime's threads.
async fn listen(shared: &Shared, recording: Recording) -> String {
    let book = locked(&shared.book).clone();
    let heard = tokio::task::spawn_blocking(move || {
        let (words, score) = book.recognise(recording.left(), recording.rate);
        Heard { words, score, samples: recording.left().to_vec(), rate: recording.rate }
    })
    .await;
    let Ok(heard) = heard else { return String::new() };
    let words = heard.words.clone();
    locked(&shared.heard).push(heard);
    words
}
