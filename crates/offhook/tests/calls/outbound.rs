//! The agent calls: each test number's outcome, handsets, and a handset that
//! calls through the server.

use std::time::Duration;

use offhook_engine::leg::LegEnd;
use offhook_sim::test_numbers::Behaviour;
use offhook_testkit::{
    agent::UserAgent,
    doubles::{
        chat::{ChatReply, ChatScript},
        webhook::WebhookReply,
    },
    judge::likeness::Shape,
};
use serde_json::{Value, json};

use crate::{
    server::Db,
    stage::{Agent, CALLER, HOURS, RATE, SOON, Stage, assert_heard, hear, rows},
};

impl Stage {
    /// The agent calls; the id.
    async fn place(&self, agent: &Agent, to: &str) -> String {
        let call = self.post("/v1/calls", &json!({"agentId": agent.id, "toNumber": to})).await;
        assert_eq!((&call["status"], &call["direction"]), (&json!("in-progress"), &json!("outbound")));
        call["id"].as_str().unwrap().to_owned()
    }
}

fn outcome(call: &Value) -> (&str, &str) {
    (call["status"].as_str().unwrap_or_default(), call["disconnectionReason"].as_str().unwrap_or_default())
}

/// All that the other side said.
fn words_of_the_other(call: &Value) -> String {
    let said: Vec<String> = rows(call).into_iter().map(|(said, _)| said).collect();
    said.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_talker_is_called_and_both_sides_words_are_in_the_transcript() {
    let script =
        ChatScript::default().when("opening hours", ChatReply::say("We are open from nine to five."));
    let stage = Stage::start(Db::Sqlite, script, &[]).await;
    stage.learn(Behaviour::Talks).await;
    let agent =
        stage.agent(&json!({"beginMessage": "Hello, this is the bakery. Do you have a minute?"})).await;
    let id = stage.place(&agent, "+15005550001").await;
    let over = stage.ended(&id, Duration::from_secs(60)).await;
    assert_eq!(outcome(&over), ("completed", "user_hangup"), "{over:#}");
    let said = words_of_the_other(&over);
    for sentence in ["Yes, this is a good time.", HOURS, "Thank you, that is all I wanted to know."] {
        assert!(said.contains(sentence), "{sentence:?} not in {said:?}");
    }
    let answered = rows(&over).iter().any(|(_, answer)| answer.contains("nine to five"));
    assert!(answered && over["durationSeconds"].as_u64().unwrap() >= 5, "{over:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_rejected_and_unanswered_calls_fail_with_their_reason_and_one_event_each() {
    let stage = Stage::start(Db::Sqlite, ChatScript::default(), &[("SIP__RING_TIMEOUT", "3s")]).await;
    stage.account_webhook().await;
    let agent = stage.agent(&json!({})).await;
    let mut ids = Vec::new();
    for (number, reason) in [
        ("+15005550002", "dial_busy"),
        ("+15005550004", "dial_failed"),
        ("+15005550003", "dial_no_answer"),
        ("+12125550142", "dial_failed"),
    ] {
        ids.push((stage.place(&agent, number).await, number, reason));
    }
    for (id, number, reason) in &ids {
        let over = stage.ended(id, SOON).await;
        assert_eq!(outcome(&over), ("failed", *reason), "{number}: {over:#}");
        assert_eq!(rows(&over).len(), 0);
    }
    for (status, id) in [("busy", &ids[0].0), ("no-answer", &ids[2].0)] {
        let list = stage.get(&format!("/v1/calls?status={status}")).await;
        assert_eq!((&list["total"], &list["data"][0]["id"]), (&json!(1), &json!(id)), "{status}: {list:#}");
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut told: Vec<String> = Vec::new();
    for request in stage.hook.journal().requests() {
        told.push(request.json()["data"]["callId"].as_str().unwrap().to_owned());
    }
    told.sort();
    let mut expected: Vec<String> = ids.into_iter().map(|(id, ..)| id).collect();
    expected.sort();
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_hangs_up_mid_sentence_and_an_end_by_the_api_are_told_apart() {
    let stage = Stage::start(Db::Sqlite, ChatScript::default(), &[]).await;
    let agent = stage.agent(&json!({})).await;
    let hung_up = stage.place(&agent, "+15005550008").await;
    let ended = stage.place(&agent, "+15005550001").await;
    let answered = |call: &Value| call["transcripts"].as_array().is_some_and(|rows| !rows.is_empty());
    stage.poll(&format!("/v1/calls/{ended}"), SOON, answered).await;
    let ending = stage.post(&format!("/v1/calls/{ended}/end"), &json!({})).await;
    assert_eq!(ending["status"], "ending");
    assert_eq!(outcome(&stage.ended(&ended, SOON).await), ("completed", "api_hangup"));
    assert_eq!(outcome(&stage.ended(&hung_up, Duration::from_secs(20)).await), ("completed", "user_hangup"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_presses_the_menus_key_and_hears_the_reaction() {
    let stage = Stage::start(Db::Sqlite, ChatScript::default(), &[]).await;
    stage.learn(Behaviour::Menu).await;
    stage.hook.when("press two", WebhookReply::json(&json!({"digits": "1"})));
    let agent = stage.webhook_agent(30).await;
    let body = json!({"agentId": agent.id, "toNumber": "+15005550007", "initialGreeting": ""});
    let id = stage.post("/v1/calls", &body).await["id"].as_str().unwrap().to_owned();
    let over = stage.ended(&id, Duration::from_secs(40)).await;
    assert_eq!(outcome(&over), ("completed", "user_hangup"), "{over:#}");
    let said = words_of_the_other(&over);
    let (prompt, reaction) = said.split_once("press two.").expect("the whole prompt");
    assert!(prompt.contains("For opening hours, press one."), "{prompt:?}");
    assert!(reaction.contains("We are open from nine to five, Monday to Friday."), "{reaction:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voicemail_that_talks_into_the_greeting_gets_it_whole_afterwards() {
    let stage = Stage::start(Db::Sqlite, ChatScript::default(), &[]).await;
    stage.learn(Behaviour::Voicemail).await;
    let agent = stage.agent(&json!({})).await;
    let id = stage.place(&agent, "+15005550005").await;
    let over = stage.ended(&id, Duration::from_secs(40)).await;
    // The machine hangs up once nobody talks any more.
    assert_eq!(outcome(&over), ("completed", "user_hangup"), "{over:#}");
    assert!(words_of_the_other(&over).contains("Please leave a message after the tone."), "{over:#}");
    assert!(rows(&over).iter().any(|(_, answer)| answer.starts_with("Hello and welcome.")), "{over:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_handset_is_called_by_the_agent_and_calls_through_the_server() {
    let script =
        ChatScript::default().when("opening hours", ChatReply::say("We are open from nine to five."));
    let mut stage = Stage::start(Db::Sqlite, script, &[]).await;
    let agent = stage.agent(&json!({})).await;
    assert!(stage.phone.register(stage.server.sip, CALLER, "guess").await.is_err());
    let registration = stage.phone.register(stage.server.sip, CALLER, "handset-secret").await.unwrap();
    assert_eq!(registration.status, 200);

    let id = stage.place(&agent, CALLER).await;
    let mut call = stage.phone.answer(SOON).await.expect("the handset rings");
    assert_heard("Hello and welcome.", &hear(&mut call).await);
    assert_heard("We are open from nine to five.", &stage.ask(&mut call, HOURS).await);
    call.hang_up().await;
    let over = stage.ended(&id, SOON).await;
    assert_eq!(outcome(&over), ("completed", "user_hangup"), "{over:#}");
    assert_eq!(rows(&over)[1].0, HOURS);

    let dial = |number: &str, password: &str| {
        let target = UserAgent::target(stage.server.sip, number, CALLER);
        stage.phone.dial(&UserAgent::with_credentials(target, CALLER, password)).unwrap()
    };
    let mut stranger = dial("+15005550002", "guess");
    assert!(
        matches!(stranger.ended(SOON).await, Some(LegEnd::Refused(401 | 403 | 407))),
        "{:?}",
        stranger.end()
    );
    let mut busy = dial("+15005550002", "handset-secret");
    assert_eq!(busy.ended(SOON).await, Some(LegEnd::Refused(486)));
    let mut person = dial("+15005550001", "handset-secret");
    assert!(person.answered(SOON).await);
    let hello = hear(&mut person).await;
    let reference = stage.caller_audio("Hello?").await;
    let score =
        Shape::of(&hello, RATE).find(&Shape::of(&reference, RATE).trimmed()).map_or(0.0, |found| found.score);
    assert!(score > 0.8, "the talker's hello: {score:.2}");
    person.hang_up().await;
}
