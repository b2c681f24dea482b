//! The main thing: somebody calls, is greeted, asks, is answered, hangs up.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::StreamExt as _;
use offhook_testkit::{
    doubles::{
        chat::{ChatReply, ChatScript, last_user_words},
        webhook::is_signed,
    },
    judge::{correlation::rms, wav::Recording},
    signal::tone_speech,
};
use serde_json::json;

use crate::{
    server::Db,
    stage::{CALLER, HOURS, RATE, SOON, Stage, assert_heard, hear, like, rows, said},
};

const GREETING: &str = "Hello and welcome.";
const ANSWER: &str = "We are open from nine to five.";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_and_every_account_of_it_agrees_on_sqlite() {
    a_call_is_answered_and_every_account_of_it_agrees(Db::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_and_every_account_of_it_agrees_on_postgresql() {
    a_call_is_answered_and_every_account_of_it_agrees(Db::Postgres).await;
}

async fn a_call_is_answered_and_every_account_of_it_agrees(db: Db) {
    let script = ChatScript::default().when("opening hours", ChatReply::say(ANSWER));
    let stage = Stage::start(db, script, &[]).await;
    let secret = stage.account_webhook().await;
    let agent = stage.agent(&json!({})).await;

    let mut call = stage.call(&agent).await;
    let id = stage.latest().await;
    let follower = tokio::spawn({
        let response = stage.fetch(&format!("/v1/calls/{id}/transcript/stream"), &[]).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        async move {
            let mut live = response.bytes_stream();
            let (mut text, mut times) = (String::new(), Vec::new());
            while let Some(Ok(bytes)) = live.next().await {
                text += &String::from_utf8_lossy(&bytes);
                times.push((std::time::Instant::now(), text.len()));
            }
            (text, times)
        }
    });
    assert_heard(GREETING, &hear(&mut call).await);
    let answer = stage.ask(&mut call, HOURS).await;
    assert_heard(ANSWER, &answer);
    let before_hang_up = std::time::Instant::now();
    call.hang_up().await;

    let over = stage.ended(&id, SOON).await;
    assert_eq!(
        (&over["status"], &over["disconnectionReason"], &over["direction"]),
        (&json!("completed"), &json!("user_hangup"), &json!("inbound")),
        "{over:#}"
    );
    assert_eq!((&over["fromNumber"], &over["toNumber"]), (&json!(CALLER), &json!(agent.number)));
    assert_eq!(rows(&over), said(&[("", GREETING), (HOURS, ANSWER)]), "{over:#}");
    let latency = &over["transcripts"][1]["latency"];
    println!("latency {latency}");
    let parts = ["endOfTurnMs", "sttMs", "brainMs", "ttsMs", "playoutMs"];
    let sum: u64 = parts.iter().map(|part| latency[*part].as_u64().unwrap()).sum();
    assert_eq!(Some(sum), latency["totalMs"].as_u64());

    let turns = json!([("agent", GREETING), ("user", HOURS), ("agent", ANSWER)]);
    let flat = stage.get(&format!("/v1/calls/{id}/transcript")).await;
    let flatten = |turn: &serde_json::Value| json!([turn["role"], turn["content"]]);
    let of =
        |list: &serde_json::Value| json!(list.as_array().unwrap().iter().map(flatten).collect::<Vec<_>>());
    assert_eq!(of(&flat["transcript"]), turns);

    let (stream, times) = tokio::time::timeout(SOON, follower).await.unwrap().unwrap();
    let names: Vec<&str> = stream.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names, ["connected", "turn", "turn", "turn", "ended"], "{stream}");
    let live = times.iter().rev().find(|(at, _)| *at < before_hang_up).map_or(0, |(_, length)| *length);
    let live = stream[..live].matches("event: turn").count();
    assert_eq!(live, 3, "turns that came while the call went on");

    let event = stage.hook.event("agent.call_ended", SOON).await.expect("agent.call_ended");
    assert_eq!((&event["data"]["callId"], &event["data"]["status"]), (&json!(id), &json!("completed")));
    assert_eq!(of(&event["data"]["transcript"]), turns);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let sent = stage.hook.journal().requests();
    assert_eq!(sent.len(), 1, "one event, once");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(is_signed(&sent[0], &secret, i64::try_from(now).unwrap()));

    recording_holds_both_sides(&stage, &id).await;
    let asked = stage.chat.journal().requests();
    assert_eq!(last_user_words(&asked[0].json()), HOURS);
}

async fn recording_holds_both_sides(stage: &Stage, id: &str) {
    let path = format!("/v1/calls/{id}/recording");
    let whole = stage.fetch(&path, &[]).await;
    assert_eq!(
        (whole.status().as_u16(), &whole.headers()["content-type"]),
        (200, &"audio/wav".parse().unwrap())
    );
    let whole = whole.bytes().await.unwrap();
    let recording = Recording::parse(&whole).unwrap();
    let (caller, agent) = (recording.left(), recording.right());
    assert_eq!(recording.rate, RATE);
    let question = stage.caller_audio(HOURS).await;
    assert!(like(&question, caller) > 0.85, "caller left: {}", like(&question, caller));
    for text in [GREETING, ANSWER] {
        let spoken = tone_speech(text);
        assert!(like(&spoken, agent) > 0.9, "agent right: {text} {}", like(&spoken, agent));
        assert!(like(&spoken, caller) < 0.5, "the agent is on the caller's channel");
    }
    assert!(rms(agent) > 0.01 && rms(caller) > 0.005);

    let part = stage.fetch(&path, &[("range", "bytes=44-1043")]).await;
    assert_eq!(part.status(), 206);
    let range = part.headers()["content-range"].to_str().unwrap().to_owned();
    assert_eq!(range, format!("bytes 44-1043/{}", whole.len()));
    assert_eq!(part.bytes().await.unwrap(), whole.slice(44..1044));
}
