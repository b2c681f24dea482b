//! Who is interrupted stops talking.

use std::time::Duration;

use offhook_testkit::{
    doubles::chat::{ChatReply, ChatScript},
    judge::activity::{SILENCE, first_sound, stretches},
};
use serde_json::json;

use crate::{
    server::Db,
    stage::{HOURS, RATE, SOON, Stage, THANKS, assert_heard, hear, rows},
};

const LONG: &str = "We are open from nine to five on Monday and on Tuesday. \
    We are open from ten to six on Wednesday and on Thursday. \
    We are closed on Friday because the baker sleeps all day. \
    We are open from eight to noon on Saturday and on Sunday.";

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_speaks_silences_the_agent_and_the_transcript_keeps_what_was_heard() {
    let script = ChatScript::default()
        .when("opening hours", ChatReply::say(LONG))
        .when("that is all", ChatReply::say("Very well then."));
    let stage = Stage::start(Db::Sqlite, script, &[]).await;
    let agent = stage.agent(&json!({})).await;
    let mut call = stage.greeted(&agent).await;
    let id = stage.latest().await;

    call.say(&stage.caller_audio(HOURS).await).await;
    let asked = call.heard().len();
    let talks = |call: &offhook_testkit::agent::PhoneCall| {
        !stretches(&call.heard()[asked..], RATE, SILENCE, Duration::from_millis(100)).is_empty()
    };
    assert!(call.until(SOON, talks).await, "no answer");
    call.listen(Duration::from_secs(2)).await;

    let interruption = stage.caller_audio(THANKS).await;
    call.say(&interruption).await;
    let onset = call.said().last().unwrap().start + first_sound(&interruption, 0.02).unwrap();
    let reply = hear(&mut call).await;
    let talk = stretches(call.heard(), RATE, SILENCE, Duration::from_millis(250));
    let cut =
        talk.iter().find(|talk| talk.contains(&onset)).expect("the agent spoke when it was interrupted");
    let silence_ms = (cut.end - onset) * 1000 / RATE as usize;
    println!("onset to silence: {silence_ms} ms");
    assert!(silence_ms < 600, "{silence_ms} ms from onset to silence");
    assert_heard("Very well then.", &reply);
    call.hang_up().await;

    let over = stage.ended(&id, SOON).await;
    let rows = rows(&over);
    assert_eq!(rows.len(), 3, "{over:#}");
    let kept = rows[1].1.as_str();
    assert!(LONG.starts_with(kept) && !kept.is_empty() && kept.len() < LONG.len() / 2, "{kept:?}");
    let cut: Vec<&serde_json::Value> =
        over["transcripts"].as_array().unwrap().iter().map(|row| &row["interrupted"]).collect();
    assert_eq!(cut, [false, true, false]);
    assert_eq!(rows[2], (THANKS.to_owned(), "Very well then.".to_owned()));
    let told = stage.chat.journal().requests().last().unwrap().json();
    let told = told["messages"].as_array().unwrap().iter().any(|message| message["content"] == kept);
    assert!(told, "the model is told what was heard, not what it wrote");
}
