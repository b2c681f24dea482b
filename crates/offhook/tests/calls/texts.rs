//! A hosted agent texts the person it talks with.

use offhook_testkit::doubles::chat::{ChatReply, ChatScript};
use serde_json::{Value, json};

use crate::{
    server::Db,
    stage::{Agent, CALLER, HOURS, SOON, Stage, assert_heard},
};

const ANSWER: &str = "We are open from nine to five.";
const TEXT: &str = "Open 9-5, Main Street 1.";

/// Somebody calls, asks for the opening hours, and hears the answer.
async fn ask(stage: &Stage, agent: &Agent) {
    let mut call = stage.greeted(agent).await;
    let answer = stage.ask(&mut call, HOURS).await;
    assert_heard(ANSWER, &answer);
    let id = stage.latest().await;
    call.hang_up().await;
    stage.ended(&id, SOON).await;
}

/// A model that uses a tool before it answers.
fn using(tool: &str, arguments: Value) -> ChatScript {
    ChatScript::default().when("opening hours", ChatReply::tool(tool, arguments)).then(ChatReply::say(ANSWER))
}

/// The words the caller's phone received as texts.
async fn inbox(stage: &Stage) -> Vec<String> {
    let path = format!("/offhook/v1/sim/handsets/{}/messages", CALLER.replace('+', "%2B"));
    let inbox = stage.get(&path).await;
    let words = |message: &Value| message["body"].as_str().unwrap().to_owned();
    inbox["data"].as_array().unwrap().iter().map(words).collect()
}

/// The caller texts the agent's number.
async fn text(stage: &Stage, agent: &Agent, body: &str) {
    let message = json!({"from": CALLER, "to": agent.number, "body": body});
    assert_eq!(stage.post("/offhook/v1/sim/messages", &message).await["outcome"], "stored");
}

/// What the model was told of its tool.
fn told(stage: &Stage) -> String {
    let requests = stage.chat.journal().requests();
    let last = requests.last().unwrap().json();
    let messages = last["messages"].as_array().unwrap();
    let result = messages.iter().rev().find(|message| message["role"] == "tool").unwrap();
    result["content"].as_str().unwrap().to_owned()
}

fn offered(stage: &Stage) -> Vec<String> {
    let first = stage.chat.journal().requests()[0].json();
    let name = |tool: &Value| tool["function"]["name"].as_str().unwrap().to_owned();
    first["tools"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_sent_in_a_call_arrives_and_joins_the_thread() {
    let stage = Stage::start(Db::Sqlite, using("send_message", json!({"text": TEXT})), &[]).await;
    let agent = stage.agent(&json!({})).await;
    ask(&stage, &agent).await;
    assert_eq!(inbox(&stage).await, [TEXT]);
    assert_eq!(told(&stage), "sent by sms");
    let threads = stage.get("/v1/conversations").await;
    let thread = &threads["data"][0];
    assert_eq!((&thread["participant"], &thread["lastMessagePreview"]), (&json!(CALLER), &json!(TEXT)));
    assert_eq!((&thread["agentId"], &thread["messageCount"]), (&json!(agent.id), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_told_that_the_other_party_opted_out() {
    let stage = Stage::start(Db::Sqlite, using("send_message", json!({"text": TEXT})), &[]).await;
    let agent = stage.agent(&json!({})).await;
    text(&stage, &agent, "STOP").await;
    ask(&stage, &agent).await;
    assert!(!inbox(&stage).await.contains(&TEXT.to_owned()));
    let told = told(&stage);
    assert!(told.starts_with("error: not sent") && told.contains("opted out"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn earlier_texts_are_read_in_a_call() {
    let stage = Stage::start(Db::Sqlite, using("read_messages", json!({})), &[]).await;
    let agent = stage.agent(&json!({})).await;
    text(&stage, &agent, "My order is 427.").await;
    ask(&stage, &agent).await;
    let told = told(&stage);
    assert!(told.ends_with("them: My order is 427.\n"), "{told}");
    let names = offered(&stage);
    assert!(
        names.contains(&"send_message".to_owned()) && names.contains(&"read_messages".to_owned()),
        "{names:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_without_messaging_is_offered_no_texts() {
    let script = ChatScript::default().when("opening hours", ChatReply::say(ANSWER));
    let stage = Stage::start(Db::Sqlite, script, &[]).await;
    let agent = stage.agent(&json!({"enableMessaging": false})).await;
    ask(&stage, &agent).await;
    assert_eq!(offered(&stage), ["end_call", "press_digit"]);
}
