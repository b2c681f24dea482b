//! Providers that stall, lie or die, and a server that is killed: the call
//! ends well, and its story is told once.

use std::time::Duration;

use offhook_engine::leg::LegEnd;
use offhook_testkit::{
    doubles::{
        chat::{ChatReply, ChatScript},
        speech::SpeechManner,
        transcription::TranscriptionFault,
    },
    judge::wav::Recording,
    signal::tone_speech,
};
use serde_json::json;

use crate::{
    server::Db,
    stage::{CALLER, HOURS, ORDER, SOON, Stage, THANKS, assert_heard, like, rows},
};

const MOMENT: &str = "One moment, please.";
const TROUBLE: &str = "Sorry, I am having trouble with that. Could you say it again?";
const NOT_HEARD: &str = "Sorry, I did not catch that. Could you say it again?";
const GOODBYE: &str = "I am sorry, we have a technical problem. Please call again later. Goodbye.";

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_talks_garbage_is_asked_again_and_the_next_turn_works() {
    let script = ChatScript::default()
        .then(ChatReply::garbage())
        .then(ChatReply::error(500))
        .when("opening hours", ChatReply::say("We are open from nine to five."));
    let stage = Stage::start(Db::Sqlite, script, &[]).await;
    let agent = stage.agent(&json!({})).await;
    let mut call = stage.greeted(&agent).await;
    let apology = stage.ask(&mut call, ORDER).await;
    assert_heard(MOMENT, &apology);
    assert_heard(TROUBLE, &apology);
    assert_heard("We are open from nine to five.", &stage.ask(&mut call, HOURS).await);
    call.hang_up().await;
    assert_eq!(stage.ended(&stage.latest().await, SOON).await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_stalls_and_then_is_dead_ends_the_call_with_a_goodbye() {
    let script = ChatScript::default().then(ChatReply::stall()).otherwise(ChatReply::say("We").and_break());
    let settings = [("LLM__FIRST_TOKEN_TIMEOUT", "1s"), ("LLM__IDLE_TIMEOUT", "1s")];
    let stage = Stage::start(Db::Sqlite, script, &settings).await;
    stage.account_webhook().await;
    let agent = stage.agent(&json!({})).await;
    let mut call = stage.greeted(&agent).await;
    let apology = stage.ask(&mut call, ORDER).await;
    assert_heard(MOMENT, &apology);
    assert_heard(TROUBLE, &apology);
    let goodbye = stage.ask(&mut call, HOURS).await;
    assert_heard(GOODBYE, &goodbye);
    assert_eq!(call.ended(SOON).await, Some(LegEnd::PeerHangup));
    let over = stage.ended(&stage.latest().await, SOON).await;
    assert_eq!(
        (&over["status"], &over["disconnectionReason"]),
        (&json!("failed"), &json!("error")),
        "{over:#}"
    );
    stage.hook.event("agent.call_ended", SOON).await.expect("agent.call_ended");
    stage.is_alive().await;
    stage.chat.replace(ChatScript::default().otherwise(ChatReply::say("I am back again.")));
    let mut call = stage.greeted(&agent).await;
    assert_heard("I am back again.", &stage.ask(&mut call, HOURS).await);
    call.hang_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcription_that_fails_is_apologised_for_and_the_next_is_taken() {
    let script =
        ChatScript::default().when("opening hours", ChatReply::say("We are open from nine to five."));
    let stage = Stage::start(Db::Sqlite, script, &[]).await;
    let agent = stage.agent(&json!({})).await;
    let mut call = stage.greeted(&agent).await;
    // After an error of the server the same audio is tried once more.
    stage.ears.fail_next(TranscriptionFault::Status(500));
    stage.ears.fail_next(TranscriptionFault::Status(500));
    assert_heard(NOT_HEARD, &stage.ask(&mut call, HOURS).await);
    assert_eq!(stage.ears.journal().requests().len(), 2);
    stage.ears.fail_next(TranscriptionFault::Garbage);
    assert_heard(NOT_HEARD, &stage.ask(&mut call, HOURS).await);
    assert_heard("We are open from nine to five.", &stage.ask(&mut call, HOURS).await);
    call.hang_up().await;
    assert_eq!(stage.ended(&stage.latest().await, SOON).await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn speech_that_fails_once_is_said_all_the_same_and_a_dead_voice_ends_the_call() {
    let script = ChatScript::default()
        .when("opening hours", ChatReply::say("We are open from nine to five."))
        .when("that is all", ChatReply::say("Goodbye to you."));
    let stage = Stage::start(Db::Sqlite, script, &[]).await;
    let agent = stage.agent(&json!({})).await;
    let mut call = stage.greeted(&agent).await;
    stage.voice.manner_once(SpeechManner { status: 500, ..SpeechManner::default() });
    assert_heard("We are open from nine to five.", &stage.ask(&mut call, HOURS).await);
    stage.voice.manner_once(SpeechManner { break_after_bytes: Some(20_000), ..SpeechManner::default() });
    let broken = stage.ask(&mut call, HOURS).await;
    assert_heard("We are open", &broken);
    stage.voice.set_manner(SpeechManner { status: 503, ..SpeechManner::default() });
    for phrase in [THANKS, THANKS, THANKS] {
        if call.end().is_none() {
            call.say(&stage.caller_audio(phrase).await).await;
            call.ended(Duration::from_secs(4)).await;
        }
    }
    assert_eq!(call.end(), Some(&LegEnd::PeerHangup), "a call nobody can speak in goes on");
    let over = stage.ended(&stage.latest().await, SOON).await;
    assert_eq!(
        (&over["status"], &over["disconnectionReason"]),
        (&json!("failed"), &json!("error")),
        "{over:#}"
    );
    stage.is_alive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_leaves_a_readable_recording_and_tells_of_the_lost_call_once() {
    let script =
        ChatScript::default().when("opening hours", ChatReply::say("We are open from nine to five."));
    let mut stage = Stage::start(Db::Sqlite, script, &[]).await;
    stage.account_webhook().await;
    let agent = stage.agent(&json!({})).await;
    let mut call = stage.greeted(&agent).await;
    let id = stage.latest().await;
    assert_heard("We are open from nine to five.", &stage.ask(&mut call, HOURS).await);
    tokio::task::block_in_place(|| stage.server.kill());
    let left = recordings(stage.server.dir.path());
    assert_eq!(left.len(), 1, "{left:?}");
    let recording = Recording::parse(&std::fs::read(&left[0]).unwrap()).unwrap();
    let question = stage.caller_audio(HOURS).await;
    assert!(like(&question, recording.left()) > 0.85);
    assert!(like(&tone_speech("We are open from nine to five."), recording.right()) > 0.9);

    tokio::task::block_in_place(|| stage.server.start_again());
    let over = stage.ended(&id, SOON).await;
    assert_eq!(
        (&over["status"], &over["disconnectionReason"]),
        (&json!("failed"), &json!("node_lost")),
        "{over:#}"
    );
    assert_eq!(rows(&over).len(), 2);
    assert_eq!(stage.fetch(&format!("/v1/calls/{id}/recording"), &[]).await.status(), 200);
    stage.hook.event("agent.call_ended", SOON).await.expect("agent.call_ended");
    // A third start finds nothing left to tell.
    tokio::task::block_in_place(|| {
        stage.server.kill();
        stage.server.start_again();
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let told = stage.hook.journal().requests();
    assert_eq!(told.len(), 1, "one terminal event");
    assert_eq!(told[0].json()["data"]["callId"], json!(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_rang_when_the_server_died_is_not_called_again() {
    let mut stage = Stage::start(Db::Sqlite, ChatScript::default(), &[]).await;
    stage.account_webhook().await;
    let agent = stage.agent(&json!({})).await;
    let _registered = stage.phone.register(stage.server.sip, CALLER, "handset-secret").await.unwrap();
    let call = stage.post("/v1/calls", &json!({"agentId": agent.id, "toNumber": CALLER})).await;
    let id = call["id"].as_str().unwrap().to_owned();
    let ringing = stage.phone.ringing(SOON).await.expect("the handset rings");
    tokio::task::block_in_place(|| {
        stage.server.kill();
        stage.server.start_again();
    });
    drop(ringing);
    // Were it dialled again, the phone is there to be called.
    let _again = stage.phone.register(stage.server.sip, CALLER, "handset-secret").await.unwrap();
    let over = stage.ended(&id, SOON).await;
    assert_eq!((&over["status"], &over["disconnectionReason"]), (&json!("failed"), &json!("node_lost")));
    let event = stage.hook.event("agent.call_ended", SOON).await.expect("agent.call_ended");
    assert_eq!(event["data"]["callId"], json!(id));
    assert!(stage.phone.ringing(Duration::from_secs(3)).await.is_none(), "it rang a second time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_cannot_be_written_does_not_end_the_call() {
    let script =
        ChatScript::default().when("opening hours", ChatReply::say("We are open from nine to five."));
    let stage = Stage::start(Db::Sqlite, script, &[]).await;
    let agent = stage.agent(&json!({})).await;
    // A file where the directory was: the tests may run as root, whom no permission stops.
    let blobs = stage.server.dir.path().join("blobs");
    let _ = std::fs::remove_dir_all(&blobs);
    std::fs::write(&blobs, "in the way").unwrap();
    let mut call = stage.greeted(&agent).await;
    let id = stage.latest().await;
    assert_heard("We are open from nine to five.", &stage.ask(&mut call, HOURS).await);
    call.hang_up().await;
    let over = stage.ended(&id, SOON).await;
    assert_eq!(
        (&over["status"], &over["recordingAvailable"]),
        (&json!("completed"), &json!(false)),
        "{over:#}"
    );
    assert_eq!(stage.fetch(&format!("/v1/calls/{id}/recording"), &[]).await.status(), 404);
}

/// Every WAV below a directory.
fn recordings(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(recordings(&entry.path()));
        } else if entry.path().extension().is_some_and(|extension| extension == "wav") {
            found.push(entry.path());
        }
    }
    found
}
