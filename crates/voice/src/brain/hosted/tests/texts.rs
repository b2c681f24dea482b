//! Texts that a model sends and reads.

use futures::future::BoxFuture;

use super::*;
use crate::texting::{MAX_CHARS, MAX_SENT, TextLine, Texting, TextingError, ThreadEntry};

/// Keeps what was sent, and answers as told.
#[derive(Default)]
struct Thread {
    sent: Mutex<Vec<(TextLine, String)>>,
    asked: Mutex<Vec<u32>>,
    refuses: Mutex<Option<TextingError>>,
}

impl Texting for Thread {
    fn send(&self, line: TextLine, text: String) -> BoxFuture<'static, Result<String, TextingError>> {
        let refusal = self.refuses.lock().unwrap().clone();
        if refusal.is_none() {
            self.sent.lock().unwrap().push((line, text));
        }
        Box::pin(async move { refusal.map_or_else(|| Ok("sms".to_owned()), Err) })
    }

    fn read(&self, _: TextLine, limit: u32) -> BoxFuture<'static, Result<Vec<ThreadEntry>, TextingError>> {
        self.asked.lock().unwrap().push(limit);
        let entry =
            ThreadEntry { is_inbound: true, text: "My order is 7.".to_owned(), files: 0, at: at_noon() };
        Box::pin(async move { Ok(vec![entry]) })
    }
}

fn texting_brain(base_url: &str, texting: &Arc<Thread>) -> HostedBrain {
    let call = plan(hosted("You sell hats.", vec![]));
    let chat = ChatClient::new(llm(base_url)).unwrap();
    let fetch = FetchClient::new(open_policy()).unwrap();
    let texting = Arc::clone(texting) as Arc<dyn Texting>;
    HostedBrain::new(chat, fetch, &call, "You sell hats.", ModelTier::Max, &[], Some(texting))
}

fn names(request: &Value) -> Vec<&str> {
    request["tools"].as_array().unwrap().iter().map(|t| t["function"]["name"].as_str().unwrap()).collect()
}

/// What the model was told of its last call.
fn told(request: &Value) -> String {
    request["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_text_goes_to_the_other_party_of_the_call() {
    let thread = Arc::new(Thread::default());
    let (model, url) = Model::serve(vec![
        tool_call("send_message", r#"{"text":" It is 7. ","to":"+19005550100"}"#),
        speech(),
    ])
    .await;
    let events = turn(&texting_brain(&url, &thread), "Text me the number.").await;
    assert_eq!((words(&events).as_str(), failure(&events)), ("Hello there.", None));
    let sent = thread.sent.lock().unwrap();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].0.other.as_str(), sent[0].0.number.as_str()), ("+14155550100", "num_1"));
    assert_eq!(sent[0].1, "It is 7.");
    assert_eq!(names(&model.request(0)), ["end_call", "press_digit", "send_message", "read_messages"]);
    assert_eq!(told(&model.request(1)), "sent by sms");
}

#[tokio::test]
async fn the_model_is_told_why_a_text_was_not_sent() {
    for (refusal, told_text) in [
        (TextingError::Refused { reason: "the recipient opted out".to_owned() }, "the recipient opted out"),
        (TextingError::Unconfirmed, "do not send it again"),
        (TextingError::Unavailable, "do not work right now"),
    ] {
        let thread = Arc::new(Thread::default());
        *thread.refuses.lock().unwrap() = Some(refusal);
        let (model, url) = Model::serve(vec![tool_call("send_message", r#"{"text":"Hi"}"#), speech()]).await;
        turn(&texting_brain(&url, &thread), "x").await;
        let told = told(&model.request(1));
        assert!(told.starts_with("error: not sent") && told.contains(told_text), "{told}");
    }
}

#[tokio::test]
async fn the_thread_is_read_within_limits() {
    let thread = Arc::new(Thread::default());
    let calls = ["{}", r#"{"limit":0}"#, r#"{"limit":3}"#, r#"{"limit":9999999999}"#, r#"{"limit":"x"}"#];
    for arguments in calls {
        let (model, url) = Model::serve(vec![tool_call("read_messages", arguments), speech()]).await;
        turn(&texting_brain(&url, &thread), "x").await;
        assert_eq!(told(&model.request(1)), "[2025-01-15T12:00:00Z] them: My order is 7.\n");
    }
    assert_eq!(*thread.asked.lock().unwrap(), [10, 1, 3, 20, 10]);
}

#[tokio::test]
async fn a_text_without_fitting_words_is_not_sent() {
    let thread = Arc::new(Thread::default());
    let long = |chars: usize| json!({"text": "x".repeat(chars)}).to_string();
    let bad =
        ["{}".to_owned(), r#"{"text":"  "}"#.to_owned(), r#"{"text":7}"#.to_owned(), long(MAX_CHARS + 1)];
    for arguments in &bad {
        let (model, url) = Model::serve(vec![tool_call("send_message", arguments), speech()]).await;
        turn(&texting_brain(&url, &thread), "x").await;
        assert!(told(&model.request(1)).contains("1 to 1600 characters"));
    }
    assert!(thread.sent.lock().unwrap().is_empty());
    let (_, url) = Model::serve(vec![tool_call("send_message", &long(MAX_CHARS)), speech()]).await;
    turn(&texting_brain(&url, &thread), "x").await;
    assert_eq!(thread.sent.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_eleventh_text_of_a_call_is_refused() {
    let thread = Arc::new(Thread::default());
    let rounds = usize::try_from(MAX_SENT).unwrap() + 1;
    let mut scripts = Vec::new();
    for _ in 0..rounds {
        scripts.extend([tool_call("send_message", r#"{"text":"Hi"}"#), speech()]);
    }
    let (model, url) = Model::serve(scripts).await;
    let brain = texting_brain(&url, &thread);
    for _ in 0..rounds {
        turn(&brain, "x").await;
    }
    assert_eq!(thread.sent.lock().unwrap().len(), rounds - 1);
    assert!(told(&model.request(2 * rounds - 1)).contains("10 texts is the most"));
}

#[tokio::test]
async fn without_texting_nothing_is_offered_and_nothing_done() {
    let (model, url) = Model::serve(vec![tool_call("send_message", r#"{"text":"Hi"}"#), speech()]).await;
    turn(&brain(&url, vec![], false), "x").await;
    assert_eq!(names(&model.request(0)), ["end_call", "press_digit"]);
    assert!(told(&model.request(1)).contains("no such tool"));
}
