//! Engines that fail: the call goes on, or ends well.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, body::Body, http::StatusCode, response::IntoResponse, routing::post};
use offhook_model::{call::EndReason, plan::BrainPlan};

use super::{
    PROMPT,
    doubles::{Call, Setup, TtsFault},
};
use crate::{
    line::Act,
    testing::{llm, plan, serve, webhook},
};

const NOT_HEARD: &str = "Sorry, I did not catch that. Could you say it again?";
const TROUBLE: &str = "Sorry, I am having trouble with that. Could you say it again?";
const GOODBYE: &str = "I am sorry, we have a technical problem. Please call again later. Goodbye.";

#[tokio::test(start_paused = true)]
async fn words_lost_in_recognition_are_asked_for_again() {
    let mut call = Call::start(Setup::extractive(PROMPT));
    call.until_spoken("Hello there.").await;
    call.next_fails();
    call.talk(600).await;
    call.until_spoken(NOT_HEARD).await;
    call.says("when are you open").await;
    call.until_spoken("We are open from nine to five.").await;
}

#[tokio::test(start_paused = true)]
async fn three_failures_of_recognition_in_a_row_end_the_call() {
    let mut call = Call::start(Setup::extractive(PROMPT));
    call.until_spoken("Hello there.").await;
    for _ in 0..3 {
        call.next_fails();
        call.talk(600).await;
        call.quiet(6_000).await;
    }
    assert_eq!(call.until_hung_up().await, EndReason::Error);
    let turns = call.end().await;
    assert_eq!(turns.last().unwrap().text, GOODBYE);
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_cannot_start_ends_the_call_politely() {
    let mut call = Call::start(Setup { stt_dead: true, ..Setup::extractive(PROMPT) });
    assert_eq!(call.until_hung_up().await, EndReason::Error);
    let turns = call.end().await;
    assert_eq!(turns.iter().map(|turn| turn.text.as_str()).collect::<Vec<_>>(), ["Hello there.", GOODBYE]);
}

#[tokio::test(start_paused = true)]
async fn a_synthesiser_that_fails_once_is_asked_for_the_rest() {
    for fault in [TtsFault::Error, TtsFault::ErrorAfterClause, TtsFault::Stall] {
        let mut setup = Setup { tts_faults: vec![fault], ..Setup::extractive(PROMPT) };
        setup.plan.greeting = offhook_model::plan::Greeting::Say("One two. Three four.".to_owned());
        let mut call = Call::start(setup);
        call.until_spoken("One two. Three four.").await;
        let asked = call.asked.lock().unwrap().concat();
        assert!(asked.ends_with("Three four. "), "{fault:?}: {asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_synthesiser_that_stays_dead_ends_the_call() {
    let mut call = Call::start(Setup { tts_faults: vec![TtsFault::Error; 20], ..Setup::extractive(PROMPT) });
    call.quiet(1_000).await;
    call.says("when are you open").await;
    assert_eq!(call.until_hung_up().await, EndReason::Error);
}

/// A model server that fails so many times, then answers.
async fn model(failures: usize) -> String {
    let count = Arc::new(AtomicUsize::new(0));
    let app = Router::new().route(
        "/chat/completions",
        post(move || {
            let failed = count.fetch_add(1, Ordering::Relaxed) < failures;
            async move {
                if failed {
                    return StatusCode::BAD_GATEWAY.into_response();
                }
                let text =
                    r#"data: {"choices":[{"delta":{"content":"We sell hats."},"finish_reason":"stop"}]}"#;
                Body::from(format!("{text}\n\ndata: [DONE]\n\n")).into_response()
            }
        }),
    );
    serve(app).await
}

/// Real sockets need real time: the clock is not paused here, so the calls are short.
async fn hosted_call(failures: usize) -> Call {
    let mut setup = Setup { llm: Some(llm(&model(failures).await)), ..Setup::extractive(PROMPT) };
    setup.plan.greeting = offhook_model::plan::Greeting::Silent;
    Call::start(setup)
}

#[tokio::test]
async fn a_model_that_fails_once_is_asked_again() {
    let mut call = hosted_call(1).await;
    call.says("what do you sell").await;
    call.until_spoken("One moment, please. We sell hats.").await;
}

#[tokio::test]
async fn a_model_that_stays_dead_ends_the_call() {
    let mut call = hosted_call(99).await;
    call.says("what do you sell").await;
    call.until_spoken(&format!("One moment, please. {TROUBLE}")).await;
    call.says("what do you sell").await;
    assert_eq!(call.until_hung_up().await, EndReason::Error);
    assert_eq!(call.end().await.last().unwrap().text, GOODBYE);
}

#[tokio::test]
async fn noise_into_an_answer_still_being_written_has_the_question_asked_again() {
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let app = Router::new().route(
        "/v1/chat/completions",
        post(move |body: String| {
            log.lock().unwrap().push(body);
            let pieces = futures::stream::unfold(0, |n| async move {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                let piece = "data: {\"choices\":[{\"delta\":{\"content\":\"We sell hats. \"}}]}\n\n";
                (n < 30).then_some((Ok::<_, std::io::Error>(piece), n + 1))
            });
            async { Body::from_stream(pieces) }
        }),
    );
    let url = format!("{}/v1", serve(app).await);
    let mut setup = Setup { llm: Some(llm(&url)), ..Setup::extractive(PROMPT) };
    setup.plan.greeting = offhook_model::plan::Greeting::Silent;
    let mut call = Call::start(setup);
    call.says("what do you sell").await;
    call.until_first_sound().await;
    call.says("").await;
    call.quiet(400).await;
    call.end().await;
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|body| body.contains("what do you sell")), "{asked:#?}");
}

async fn webhook_call(answer: &'static str, can_transfer: bool) -> Call {
    let app = Router::new().route("/", post(move || async move { answer }));
    let hook = webhook(&serve(app).await, 10);
    let mut setup = Setup::extractive("");
    setup.plan = plan(BrainPlan::Webhook { webhook: hook, conversation_state: None });
    setup.plan.greeting = offhook_model::plan::Greeting::FromBrain;
    setup.plan.transfer_number = can_transfer.then(|| "+14155550199".parse().unwrap());
    Call::start(setup)
}

#[tokio::test]
async fn lines_of_a_webhook_are_one_turn_and_its_exchange_is_reported() {
    let mut call = webhook_call("{\"text\":\"One.\",\"interim\":true}\n{\"text\":\"Two.\"}\n", false).await;
    call.until_spoken("One. Two.").await;
    call.end().await;
    assert_eq!(call.exchanges.len(), 1);
    assert_eq!(call.exchanges[0].http_status, Some(200));
}

#[tokio::test]
async fn a_webhook_without_words_is_silence_and_the_call_goes_on() {
    let mut call = webhook_call("<html>", false).await;
    call.quiet(300).await;
    call.says("hello").await;
    call.quiet(300).await;
    let turns = call.end().await;
    assert_eq!(turns.len(), 1, "{turns:?}");
    assert_eq!(call.exchanges.len(), 2);
}

#[tokio::test]
async fn digits_are_sent_after_the_words_and_before_the_end() {
    let mut call = webhook_call(r#"{"text":"Hi.","digits":"1w2","hangup":true}"#, false).await;
    for _ in 0..100 {
        call.quiet(20).await;
        if matches!(call.acts.last(), Some(Act::SendDigits(digits)) if digits == "1w2") {
            break;
        }
    }
    assert_eq!(call.acts.len(), 1, "{:?}", call.acts);
    call.digits_sent().await;
    assert_eq!(call.until_hung_up().await, EndReason::AgentHangup);
    assert!(call.turns.iter().any(|turn| turn.text == "Hi."));
}
