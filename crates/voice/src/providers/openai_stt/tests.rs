use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::post,
};
use offhook_model::agent::SttMode;

use super::*;

/// What the double answers, in order, and what it was asked.
#[derive(Default)]
struct Double {
    answers: Mutex<VecDeque<(u16, &'static str, u64)>>,
    asked: Mutex<Vec<(HeaderMap, Vec<u8>)>>,
}

impl Double {
    fn asked(&self) -> Vec<(HeaderMap, Vec<u8>)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn transcribe(State(double): State<Arc<Double>>, headers: HeaderMap, body: Bytes) -> Response {
    double.asked.lock().unwrap().push((headers, body.to_vec()));
    let (status, body, delay_ms) = double.answers.lock().unwrap().pop_front().unwrap_or((500, "", 0));
    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

async fn service(answers: &[(u16, &'static str, u64)]) -> (Arc<Double>, OpenAiStt) {
    let double =
        Arc::new(Double { answers: Mutex::new(answers.iter().copied().collect()), ..Double::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let router =
        Router::new().route("/v1/audio/transcriptions", post(transcribe)).with_state(Arc::clone(&double));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let key = Some("secret".to_owned());
    let timeout = Duration::from_millis(800);
    (double, OpenAiStt::new(Client::new(), &url, key, "whisper-1".into(), timeout))
}

fn open(stt: &OpenAiStt) -> SttStream {
    stt.open(RecognizerSettings {
        language: "de-DE".into(),
        mode: SttMode::Fast,
        hints: vec!["Offhook".into(), "Skylar".into()],
    })
}

async fn speak(stream: &SttStream, utterance: u64) {
    stream.input.send(SttInput::Begin { utterance }).await.unwrap();
    for _ in 0..10 {
        stream.input.send(SttInput::Audio(Frame([7; 320]))).await.unwrap();
    }
    stream.input.send(SttInput::End { utterance }).await.unwrap();
}

#[tokio::test]
async fn a_stretch_is_uploaded_as_wav_with_model_language_and_hints() {
    let (double, stt) = service(&[(200, r#"{"text": " Guten Tag. "}"#, 0)]).await;
    let mut stream = open(&stt);
    speak(&stream, 3).await;
    let event = stream.events.recv().await.unwrap();
    let SttEvent::Final { utterance: 3, text, confidence } = event else { panic!("{event:?}") };
    assert_eq!((text.as_str(), confidence), ("Guten Tag.", 1.0));
    let asked = double.asked();
    let (headers, body) = &asked[0];
    assert_eq!(headers["authorization"], "Bearer secret");
    let text = String::from_utf8_lossy(body);
    for part in [
        "name=\"model\"\r\n\r\nwhisper-1",
        "name=\"language\"\r\n\r\nde\r\n",
        "Offhook, Skylar",
        "filename=\"speech.wav\"",
    ] {
        assert!(text.contains(part), "{part}");
    }
    let at = body.windows(4).position(|w| w == b"RIFF").unwrap();
    assert_eq!(body[at + 40..at + 44], 6400_u32.to_le_bytes());
    assert_eq!(body[at + 44..at + 46], 7_i16.to_le_bytes());
}

#[tokio::test]
async fn a_server_error_is_tried_once_more() {
    let (double, stt) = service(&[(503, "", 0), (200, r#"{"text":"yes"}"#, 0)]).await;
    let mut stream = open(&stt);
    speak(&stream, 1).await;
    assert!(matches!(stream.events.recv().await, Some(SttEvent::Final { text, .. }) if text == "yes"));
    assert_eq!(double.asked().len(), 2);
}

#[tokio::test]
async fn faults_fail_the_stretch_and_the_stream_lives() {
    let answers =
        [(401, "", 0), (200, "<html>", 0), (500, "", 0), (502, "", 0), (200, r#"{"text":"ok"}"#, 0)];
    let (double, stt) = service(&answers).await;
    let mut stream = open(&stt);
    for (utterance, attempts) in [(1, 1), (2, 2), (3, 4)] {
        speak(&stream, utterance).await;
        let event = stream.events.recv().await.unwrap();
        assert!(matches!(event, SttEvent::Failed { utterance: Some(u), .. } if u == utterance), "{event:?}");
        assert_eq!(double.asked().len(), attempts);
    }
    speak(&stream, 4).await;
    assert!(matches!(stream.events.recv().await, Some(SttEvent::Final { utterance: 4, .. })));
}

#[tokio::test]
async fn a_service_that_stalls_times_out() {
    let (_double, stt) = service(&[(200, r#"{"text":"late"}"#, 5000)]).await;
    let mut stream = open(&stt);
    speak(&stream, 1).await;
    let event = stream.events.recv().await.unwrap();
    assert!(matches!(event, SttEvent::Failed { error: SpeechError::Timeout { .. }, .. }), "{event:?}");
}

#[tokio::test]
async fn answers_come_in_order_and_discarded_stretches_are_not_uploaded() {
    let (double, stt) = service(&[(200, r#"{"text":"one"}"#, 200), (200, r#"{"text":"two"}"#, 0)]).await;
    let mut stream = open(&stt);
    speak(&stream, 1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    stream.input.send(SttInput::Begin { utterance: 2 }).await.unwrap();
    stream.input.send(SttInput::Audio(Frame::SILENCE)).await.unwrap();
    stream.input.send(SttInput::Discard { utterance: 2 }).await.unwrap();
    speak(&stream, 3).await;
    for (expected, word) in [(1, "one"), (3, "two")] {
        let event = stream.events.recv().await.unwrap();
        assert!(
            matches!(&event, SttEvent::Final { utterance, text, .. } if *utterance == expected && text == word),
            "{event:?}"
        );
    }
    assert_eq!(double.asked().len(), 2);
}

#[tokio::test]
async fn nobody_at_the_address_fails_the_stretch() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let stt = OpenAiStt::new(Client::new(), &url, None, "m".into(), Duration::from_secs(2));
    let mut stream = open(&stt);
    speak(&stream, 1).await;
    let event = stream.events.recv().await.unwrap();
    assert!(
        matches!(&event, SttEvent::Failed { error, .. } if error.to_string().contains("connection failed"))
    );
}

#[test]
fn confidence_is_the_mean_of_what_the_service_says() {
    let parse = |json: &str| serde_json::from_str::<Transcription>(json).unwrap().confidence();
    assert_eq!(parse(r#"{"text":"a"}"#), 1.0);
    assert_eq!(parse(r#"{"text":""}"#), 0.0);
    assert!((parse(r#"{"text":"a","segments":[{"avg_logprob":-0.5}]}"#) - 0.6065).abs() < 1e-3);
    assert!((parse(r#"{"text":"a","logprobs":[{"logprob":-1.0},{"logprob":0.0}]}"#) - 0.6065).abs() < 1e-3);
}
