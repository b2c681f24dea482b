//! The developer's server thinks: lines as they come, keys, hanging up, and
//! everything a server can get wrong.

use std::time::{Duration, Instant};

use offhook_engine::leg::LegEnd;
use offhook_testkit::{
    agent::PhoneCall,
    doubles::{chat::ChatScript, served::Step, webhook::WebhookReply},
    judge::activity::{is_silent, last_sound},
};
use serde_json::json;

use crate::{
    server::Db,
    stage::{HOURS, ORDER, PERSON, RATE, SOON, Stage, THANKS, assert_heard, hear, likeness, rows, said},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_line_is_heard_before_the_last_is_sent() {
    const GAP: Duration = Duration::from_secs(4);
    let stage = Stage::start(Db::Sqlite, ChatScript::default(), &[]).await;
    stage.hook.when(
        "order number",
        WebhookReply::ndjson(&[
            (Duration::ZERO, json!({"text": "Let me check that.", "interim": true})),
            (GAP, json!({"text": "It ships tomorrow."})),
        ]),
    );
    let agent = stage.webhook_agent(30).await;
    let mut call = stage.greeted(&agent).await;
    let id = stage.latest().await;
    let first = stage.ask(&mut call, ORDER).await;
    let heard_at = Instant::now();
    assert_heard("Let me check that.", &first);
    let turn = stage.hook.journal().first(|r| r.json()["channel"] == "voice", SOON).await.unwrap();
    assert!(heard_at < turn.at + GAP, "the first line came with the last");
    let second = hear(&mut call).await;
    assert_heard("It ships tomorrow.", &second);
    assert!(likeness("Let me check that.", &second) < 0.5, "said twice");
    call.hang_up().await;

    let over = stage.ended(&id, SOON).await;
    let expected = said(&[("", "Hello and welcome."), (ORDER, "Let me check that. It ships tomorrow.")]);
    assert_eq!(rows(&over), expected, "{over:#}");
    let event = turn.json();
    assert_eq!((&event["data"]["transcript"], &event["data"]["callId"]), (&json!(ORDER), &json!(id)));
    assert_eq!(event["recentHistory"][0]["content"], "Hello and welcome.");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_pressed_after_the_text_and_hanging_up_comes_last() {
    let stage = Stage::start(Db::Sqlite, ChatScript::default(), &[]).await;
    stage.hook.when("order number", WebhookReply::json(&json!({"text": "Pressing now.", "digits": "1*#"})));
    stage.hook.when("that is all", WebhookReply::json(&json!({"text": "Goodbye to you.", "hangup": true})));
    let agent = stage.webhook_agent(30).await;
    let mut call = stage.greeted(&agent).await;
    let id = stage.latest().await;

    assert_heard("Pressing now.", &stage.ask(&mut call, ORDER).await);
    assert!(call.until(SOON, |call| call.digits() == "1*#").await, "{:?}", call.digits());
    let goodbye = stage.ask(&mut call, THANKS).await;
    assert_heard("Goodbye to you.", &goodbye);
    assert_eq!(call.ended(SOON).await, Some(LegEnd::PeerHangup));
    let over = stage.ended(&id, SOON).await;
    assert_eq!(
        (&over["status"], &over["disconnectionReason"]),
        (&json!("completed"), &json!("agent_hangup")),
        "{over:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_webhook_gets_wrong_is_silence_and_the_next_turn_works() {
    let stage = Stage::start(Db::Sqlite, ChatScript::default(), &[]).await;
    let half_a_line = b"{\"text\":\"Half is here.\",\"interim\":true}\n{\"text\":\"cut o".as_slice();
    let faults = [
        ("HTML", WebhookReply::html(), "", "success"),
        ("an array", WebhookReply::json(&json!(["Hello there."])), "", "success"),
        ("500", WebhookReply::status(500), "", "failed"),
        (
            "a broken line",
            WebhookReply::steps("application/x-ndjson", vec![Step::Send(half_a_line.into()), Step::Break]),
            "Half is here.",
            "failed",
        ),
        ("nothing for ever", WebhookReply::hang(), "", "failed"),
    ];
    for (_, reply, ..) in &faults {
        stage.hook.then(reply.clone());
    }
    stage.hook.when("opening hours", WebhookReply::text("Nine to five."));
    let agent = stage.webhook_agent(5).await;
    let mut call = stage.greeted(&agent).await;
    let id = stage.latest().await;
    for (index, (what, _, spoken, _)) in faults.iter().enumerate() {
        let from = call.heard().len();
        call.say(&stage.caller_audio(PERSON).await).await;
        stage.hook.journal().request(index, SOON).await.unwrap_or_else(|| panic!("{what}: no turn"));
        let patience = if index == 4 { Duration::from_millis(5500) } else { Duration::from_millis(1500) };
        call.listen(patience).await;
        let heard = &call.heard()[from..];
        if spoken.is_empty() {
            assert!(is_silent(heard, RATE), "{what}: sound up to {:?}", last_sound(heard, 0.02));
        } else {
            assert_heard(spoken, heard);
        }
        assert!(call.end().is_none(), "{what} ended the call");
    }
    assert_heard("Nine to five.", &stage.ask(&mut call, HOURS).await);
    call.hang_up().await;

    let over = stage.ended(&id, SOON).await;
    let mut expected = vec![("", "Hello and welcome.")];
    expected.extend(faults.iter().map(|(_, _, spoken, _)| (PERSON, *spoken)));
    expected.push((HOURS, "Nine to five."));
    assert_eq!(rows(&over), said(&expected), "{over:#}");
    let turns = |log: &serde_json::Value| -> Vec<String> {
        let rows = log["data"].as_array().unwrap().iter().rev();
        rows.filter(|row| row["eventType"] == "agent.message")
            .map(|row| row["status"].as_str().unwrap().to_owned())
            .collect()
    };
    let log = stage.poll("/v1/webhooks/deliveries", SOON, |log| turns(log).len() == 6).await;
    let mut outcomes: Vec<&str> = faults.iter().map(|(.., outcome)| *outcome).collect();
    outcomes.push("success");
    assert_eq!(turns(&log), outcomes, "{log:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_goes_on_talking_takes_the_question_back_and_the_request_is_dropped() {
    let stage = Stage::start(Db::Sqlite, ChatScript::default(), &[]).await;
    stage.hook.then(WebhookReply::text("Too late.").after(Duration::from_secs(10)));
    stage.hook.then(WebhookReply::text("Both were understood."));
    let agent = stage.webhook_agent(30).await;
    let mut call = stage.greeted(&agent).await;
    let id = stage.latest().await;
    call.say(&stage.caller_audio(ORDER).await).await;
    let asked = |call: &PhoneCall| call.end().is_some() || !stage.hook.turns().is_empty();
    assert!(call.until(SOON, asked).await);
    assert_heard("Both were understood.", &stage.ask(&mut call, HOURS).await);
    call.hang_up().await;
    assert_eq!(stage.hook.turns(), [ORDER.to_owned(), format!("{ORDER} {HOURS}")]);
    assert_eq!(stage.hook.journal().cancelled(), 1);
    let over = stage.ended(&id, SOON).await;
    assert_eq!(rows(&over)[1], (format!("{ORDER} {HOURS}"), "Both were understood.".to_owned()), "{over:#}");
}
