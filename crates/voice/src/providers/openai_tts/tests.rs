use std::sync::Mutex;

use axum::{
    Json, Router,
    body::Body as HttpBody,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use futures::stream;

use super::*;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Behaviour {
    Speak,
    Stall,
    StallMidway,
    Refuse,
    Silent,
    DieMidway,
}

struct Double {
    behaviour: Behaviour,
    asked: Mutex<Vec<serde_json::Value>>,
}

impl Double {
    fn asked(&self) -> Vec<serde_json::Value> {
        self.asked.lock().unwrap().clone()
    }
}

/// 50 ms of a 500 Hz tone at 24 kHz, and half a sample more or less.
fn tone(piece: usize) -> Bytes {
    let samples = (0..1200).map(|i| (f64::from(i) * 500.0 * std::f64::consts::TAU / 24_000.0).sin() * 9000.0);
    let bytes: Vec<u8> = samples.flat_map(|s| (s as i16).to_le_bytes()).collect();
    let cut = if piece.is_multiple_of(2) { 0..2399 } else { 0..2400 };
    let mut out = if piece.is_multiple_of(2) { Vec::new() } else { vec![bytes[2399]] };
    out.extend_from_slice(&bytes[cut]);
    Bytes::from(out)
}

async fn speech(State(double): State<Arc<Double>>, Json(body): Json<serde_json::Value>) -> Response {
    double.asked.lock().unwrap().push(body);
    let behaviour = double.behaviour;
    if behaviour == Behaviour::Refuse {
        return axum::http::StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    if behaviour == Behaviour::Stall {
        return futures::future::pending().await;
    }
    let pieces = stream::unfold(0, move |n| async move {
        match (behaviour, n) {
            (Behaviour::Silent, _) | (Behaviour::Speak, 10) => None,
            (Behaviour::StallMidway, 3) => futures::future::pending().await,
            (Behaviour::DieMidway, 3) => Some((Err(std::io::Error::other("died")), n + 1)),
            _ => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Some((Ok(tone(n)), n + 1))
            }
        }
    });
    HttpBody::from_stream(pieces).into_response()
}

async fn service(behaviour: Behaviour) -> (Arc<Double>, OpenAiTts) {
    let double = Arc::new(Double { behaviour, asked: Mutex::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/audio/speech", post(speech)).with_state(Arc::clone(&double));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = OpenAiTtsSettings {
        base_url,
        api_key: None,
        model: "tts-1".into(),
        format: SpeechFormat::Pcm,
        voices: HashMap::from([("Polly.Amy".to_owned(), "amelia".to_owned())]),
        first_byte: Duration::from_millis(500),
        idle: Duration::from_millis(300),
    };
    (double, OpenAiTts::new(Client::new(), settings))
}

fn request(clauses: &[&str], voice: &str) -> SpeakRequest {
    let clauses: Vec<String> = clauses.iter().map(|&c| c.to_owned()).collect();
    SpeakRequest {
        text: stream::iter(clauses).boxed(),
        voice: voice.into(),
        language: "en-US".into(),
        speed: 1.25,
        cancel: CancellationToken::new(),
    }
}

#[tokio::test]
async fn a_clause_is_streamed_and_brought_to_16_khz() {
    let (double, tts) = service(Behaviour::Speak).await;
    let chunks: Vec<_> =
        tts.speak(request(&["Hello *there*."], "Polly.Amy")).map(Result::unwrap).collect().await;
    let samples: Vec<i16> = chunks.iter().flat_map(|c| c.samples.clone()).collect();
    assert!(samples.len().abs_diff(8000) < 40, "{}", samples.len());
    assert!(chunks.len() > 5, "it came in pieces");
    // A torn sample would be noise: a 500 Hz tone crosses zero 500 times in half a second.
    let crossings = samples.windows(2).filter(|w| (w[0] < 0) != (w[1] < 0)).count();
    assert!(crossings.abs_diff(500) < 15, "{crossings}");
    let asked = double.asked();
    assert_eq!(
        asked[0],
        serde_json::json!({
            "model": "tts-1", "input": "Hello there .", "voice": "amelia", "response_format": "pcm", "speed": 1.25
        })
    );
    assert_eq!(chunks.last().unwrap().marks[0].text_bytes, "Hello *there*.".len());
}

#[tokio::test]
async fn the_next_clause_is_asked_for_while_the_current_one_plays() {
    let (double, tts) = service(Behaviour::Speak).await;
    let mut audio = tts.speak(request(&["One.", "Two.", "Three."], "unknown"));
    audio.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let asked: Vec<_> = double.asked().iter().map(|b| b["input"].as_str().unwrap().to_owned()).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked.contains(&"Two.".to_owned()));
    assert_eq!(double.asked()[0]["voice"], "nova");
    let marks: Vec<_> = audio.map(Result::unwrap).flat_map(|c| stream::iter(c.marks)).collect().await;
    assert_eq!(marks.iter().map(|m| m.text_bytes).collect::<Vec<_>>(), [4, 8, 14]);
}

#[tokio::test]
async fn every_fault_is_an_error_that_ends_the_stream() {
    use Behaviour::{DieMidway, Refuse, Silent, Stall, StallMidway};
    for behaviour in [Stall, StallMidway, Refuse, Silent, DieMidway] {
        let (_double, tts) = service(behaviour).await;
        let outcome: Vec<_> = tts.speak(request(&["Hello.", "More."], "x")).collect().await;
        let error = outcome.last().unwrap().as_ref().unwrap_err();
        let is_timeout = matches!(error, SpeechError::Timeout { .. });
        assert_eq!(is_timeout, matches!(behaviour, Stall | StallMidway), "{behaviour:?}: {error}");
    }
}

#[tokio::test]
async fn cancelling_ends_the_stream_at_once() {
    let (_double, tts) = service(Behaviour::Stall).await;
    let request = request(&["Hello."], "x");
    let cancel = request.cancel.clone();
    let mut audio = tts.speak(request);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    let start = std::time::Instant::now();
    assert!(audio.next().await.is_none());
    assert!(start.elapsed() < Duration::from_millis(300));
}
