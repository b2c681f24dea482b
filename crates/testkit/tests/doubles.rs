//! The doubles behave as scripted, seen through a real HTTP client.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]

use std::time::{Duration, Instant};

use offhook_testkit::{
    doubles::{
        chat::{ChatDouble, ChatReply, ChatScript},
        speech::{PCM_RATE, SpeechDouble, SpeechManner},
        transcription::{TranscriptionDouble, TranscriptionFault},
        webhook::{WebhookDouble, WebhookReply},
    },
    judge::{correlation::best_fit, likeness::Phrasebook, wav},
    signal::{resample, tone_speech},
};
use reqwest::{Client, multipart};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(5);

async fn ask(double: &ChatDouble, words: &str) -> String {
    let body = json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": words}]});
    let url = format!("{}/chat/completions", double.base_url());
    Client::new().post(url).json(&body).send().await.unwrap().text().await.unwrap()
}

fn deltas(sse: &str) -> Vec<Value> {
    sse.split("\n\n")
        .filter_map(|event| serde_json::from_str(event.strip_prefix("data: ")?).ok())
        .map(|chunk: Value| chunk["choices"][0]["delta"].clone())
        .collect()
}

#[tokio::test]
async fn chat_answers_by_rule_then_in_sequence_then_with_the_fallback() {
    let script = ChatScript::default()
        .when("hours", ChatReply::say("Nine to five."))
        .then(ChatReply::tool("end_call", json!({"reason": "done"})))
        .otherwise(ChatReply::say("Pardon?"));
    let double = ChatDouble::start(script).await.unwrap();
    let said = |sse: String| deltas(&sse).iter().filter_map(|d| d["content"].as_str()).collect::<String>();
    assert_eq!(said(ask(&double, "What are your HOURS?").await), "Nine to five.");
    let tool = deltas(&ask(&double, "bye").await);
    let arguments: String =
        tool.iter().filter_map(|d| d["tool_calls"][0]["function"]["arguments"].as_str()).collect();
    assert_eq!(tool[0]["tool_calls"][0]["function"]["name"], "end_call");
    assert_eq!(arguments, r#"{"reason":"done"}"#);
    assert_eq!(said(ask(&double, "bye").await), "Pardon?");
    assert_eq!(double.journal().requests().len(), 3);
}

#[tokio::test]
async fn chat_delays_fails_and_notices_a_client_that_leaves() {
    let script = ChatScript::default()
        .then(ChatReply::say_slowly("one two", Duration::from_millis(120), Duration::ZERO))
        .then(ChatReply::error(503))
        .then(ChatReply::say("half").and_break())
        .then(ChatReply::say("then nothing").and_stall());
    let double = ChatDouble::start(script).await.unwrap();
    let begin = Instant::now();
    ask(&double, "x").await;
    assert!(begin.elapsed() >= Duration::from_millis(120));
    let url = format!("{}/chat/completions", double.base_url());
    let body = json!({"stream": true, "messages": []});
    let request = || Client::new().post(&url).json(&body).send();
    assert_eq!(request().await.unwrap().status(), 503);
    assert!(request().await.unwrap().text().await.is_err(), "a broken body must not look whole");
    let mut stalled = request().await.unwrap();
    assert!(stalled.chunk().await.unwrap().is_some());
    assert_eq!(double.journal().cancelled(), 0);
    drop(stalled);
    for _ in 0..100 {
        if double.journal().cancelled() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the leaving client went unnoticed");
}

async fn upload(double: &TranscriptionDouble, samples: &[i16]) -> reqwest::Result<String> {
    let file = multipart::Part::bytes(wav::write(16_000, &[samples])).file_name("a.wav");
    let form = multipart::Form::new().text("model", "m").part("file", file);
    let url = format!("{}/audio/transcriptions", double.base_url());
    let reply: Value =
        Client::new().post(url).multipart(form).send().await?.error_for_status()?.json().await?;
    Ok(reply["text"].as_str().unwrap_or("none").to_owned())
}

#[tokio::test]
async fn transcription_writes_what_was_said_and_nothing_else() {
    let mut book = Phrasebook::default();
    book.add("what are your hours", &tone_speech("what are your hours"), 16_000);
    let double = TranscriptionDouble::start(book).await.unwrap();
    assert_eq!(upload(&double, &tone_speech("what are your hours")).await.unwrap(), "what are your hours");
    assert_eq!(upload(&double, &tone_speech("completely different words here")).await.unwrap(), "");
    double.fail_next(TranscriptionFault::Status(500));
    assert!(upload(&double, &[0; 1600]).await.is_err());
    double.fail_next(TranscriptionFault::Break);
    assert!(upload(&double, &[0; 1600]).await.is_err());
    double.fail_next(TranscriptionFault::Words("I insist".into()));
    assert_eq!(upload(&double, &[0; 1600]).await.unwrap(), "I insist");
    assert_eq!(double.heard().len(), 2);
}

#[tokio::test]
async fn speech_sounds_like_its_text_in_both_formats() {
    let double = SpeechDouble::start().await.unwrap();
    let url = format!("{}/audio/speech", double.base_url());
    let body =
        |format| json!({"model": "m", "voice": "v", "input": "hello there", "response_format": format});
    let get = |format| Client::new().post(&url).json(&body(format)).send();
    let pcm = get("pcm").await.unwrap().bytes().await.unwrap();
    let samples: Vec<i16> = pcm.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    let back = resample(&samples, PCM_RATE, 16_000);
    assert!(best_fit(&tone_speech("hello there"), &back).r > 0.97);
    let file = wav::Recording::parse(&get("wav").await.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!((file.rate, file.left()), (PCM_RATE, &samples[..]));
    double.manner_once(SpeechManner { break_after_bytes: Some(5000), ..SpeechManner::default() });
    assert!(get("pcm").await.unwrap().bytes().await.is_err());
    double.manner_once(SpeechManner { status: 429, ..SpeechManner::default() });
    assert_eq!(get("pcm").await.unwrap().status(), 429);
    assert_eq!(double.texts().len(), 4);
}

#[tokio::test]
async fn the_webhook_answers_turns_and_keeps_events() {
    let hook = WebhookDouble::start().await.unwrap();
    hook.when("", WebhookReply::text("Welcome."));
    hook.when(
        "order",
        WebhookReply::ndjson(&[
            (Duration::ZERO, json!({"text": "One moment.", "interim": true})),
            (Duration::from_millis(100), json!({"text": "It ships today."})),
        ]),
    );
    hook.then(WebhookReply::raw(200, "application/json", "{\"text\": \"cut o").and_break());
    let post = |event: Value| Client::new().post(hook.url()).json(&event).send();
    let turn =
        |words: &str| json!({"event": "agent.message", "channel": "voice", "data": {"transcript": words}});
    assert_eq!(post(turn("")).await.unwrap().json::<Value>().await.unwrap()["text"], "Welcome.");
    let begin = Instant::now();
    let mut stream = post(turn("Where is my order?")).await.unwrap();
    assert_eq!(stream.chunk().await.unwrap().unwrap(), "{\"text\":\"One moment.\",\"interim\":true}\n");
    assert!(begin.elapsed() < Duration::from_millis(100));
    assert!(stream.text().await.unwrap().contains("ships today"));
    assert!(post(turn("something else")).await.unwrap().text().await.is_err());
    assert_eq!(post(json!({"event": "agent.call_ended"})).await.unwrap().status(), 200);
    assert!(hook.event("agent.call_ended", PATIENCE).await.is_some());
    assert_eq!(hook.turns(), ["", "Where is my order?", "something else"]);
}
