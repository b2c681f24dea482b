//! A softphone of others talks with an agent: no doubles, the speech engines
//! are the built-in ones.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "what was measured is worth seeing")]

#[path = "support/baresip.rs"]
mod baresip;
#[path = "support/server.rs"]
mod server;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use baresip::Softphone;
use offhook_sim::{script::Script, speech::SpeechCache};
use offhook_testkit::judge::{
    activity::{SILENCE, stretches},
    correlation::{median_r, per_window},
    wav::Recording,
    words::word_overlap,
};
use offhook_voice::providers::embedded::Embedded;
use serde_json::{Value, json};
use server::{Db, KEY, Server};

/// What the softphone registers as.
const HANDSET: &str = "+14155550177";
const PASSWORD: &str = "handset-secret";

const GREETING: &str = "Hello and welcome to the bakery.";
const HOURS: &str = "What are your opening hours?";
const ENOUGH: &str = "No thank you, that is all.";
const ANSWER: &str = "Our opening hours are from nine in the morning to five in the afternoon on every weekday, \
    from ten in the morning to two in the afternoon on Saturdays, and on Sundays we stay closed all day long.";

/// What the voice says, at the softphone's rate.
fn speech(voice: &str, text: &str) -> Vec<i16> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cache = SpeechCache::new(Arc::new(Embedded));
    narrow(&runtime.block_on(cache.speech(&Script::new(voice), text)).unwrap())
}

/// 16 kHz to 8 kHz.
fn narrow(wide: &[i16]) -> Vec<i16> {
    let at = |index: usize| i32::from(wide.get(index).copied().unwrap_or(0));
    let half =
        |index: usize| (at(index.wrapping_sub(1)) + 3 * at(index) + 3 * at(index + 1) + at(index + 2)) / 8;
    (0..wide.len() / 2).map(|index| i16::try_from(half(2 * index)).unwrap()).collect()
}

/// How well `heard` holds `reference`, 0 to 1, whatever the delay.
fn like(reference: &[i16], heard: &[i16]) -> f64 {
    median_r(&per_window(
        reference,
        heard,
        baresip::RATE,
        Duration::from_millis(300),
        Duration::from_millis(100),
    ))
}

fn agent(server: &Server) -> (String, String) {
    let body = json!({
        "name": "The bakery", "voiceMode": "hosted", "voice": "Polly.Joanna",
        "systemPrompt": format!("You work for a bakery. {ANSWER} We bake rye bread."),
        "beginMessage": GREETING,
    });
    let agent = server.post("/v1/agents", &body);
    let number = server.post("/v1/numbers", &json!({"areaCode": "415", "agentId": agent["id"]}));
    (agent["id"].as_str().unwrap().to_owned(), number["phoneNumber"].as_str().unwrap().to_owned())
}

/// Waits until the last second heard since `from` sounds, or is silent.
fn until_sound(phone: &Softphone, from: usize, wanted: bool, limit: Duration) {
    let start = Instant::now();
    loop {
        let heard = phone.heard();
        let last = &heard[from.max(heard.len().saturating_sub(baresip::RATE as usize)).min(heard.len())..];
        let sounds = !stretches(last, baresip::RATE, SILENCE, Duration::from_millis(100)).is_empty();
        if sounds == wanted && last.len() > 800 {
            return;
        }
        assert!(
            start.elapsed() < limit,
            "the agent's line after {limit:?}: sounds {sounds}\n{}",
            phone.log()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn recording(server: &Server, id: &str) -> Recording {
    let (status, bytes) =
        server.raw(|client| client.get(server.url(&format!("/v1/calls/{id}/recording"))).bearer_auth(KEY));
    assert_eq!(status, 200);
    Recording::parse(&bytes).unwrap()
}

/// Role and words of a list of turns.
fn turns(list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    list.as_array().unwrap().iter().map(|turn| (text(&turn["role"]), text(&turn["content"]))).collect()
}

/// The turns of an event stream, replayed after the call.
fn replay(server: &Server, id: &str) -> Vec<(String, String)> {
    let (status, body) = server
        .raw(|client| client.get(server.url(&format!("/v1/calls/{id}/transcript/stream"))).bearer_auth(KEY));
    assert_eq!(status, 200);
    let body = String::from_utf8(body).unwrap();
    let data = body.split("\n\n").filter(|event| event.contains("event: turn"));
    let data = data.map(|event| event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap());
    turns(&data.map(|data| serde_json::from_str::<Value>(data).unwrap()).collect())
}

#[test]
fn a_softphone_talks_with_an_agent_and_every_account_of_the_call_agrees() {
    let server = Server::start(Db::Sqlite, &[]);
    let (_, number) = agent(&server);
    let (question, enough) = (speech("Polly.Matthew", HOURS), speech("Polly.Matthew", ENOUGH));
    let mut phone = Softphone::register(server.sip, HANDSET, PASSWORD);

    phone.dial(&number, server.sip);
    until_sound(&phone, 0, true, Duration::from_secs(8));
    until_sound(&phone, 0, false, Duration::from_secs(10));
    let greeted = phone.heard();
    let r = like(&speech("Polly.Joanna", GREETING), &greeted);
    assert!(r > 0.8, "the greeting was not heard: r {r:.3}");

    let asked = greeted.len();
    phone.say(&question);
    until_sound(&phone, asked, true, Duration::from_secs(20));
    std::thread::sleep(Duration::from_millis(2_500));
    phone.say(&enough);
    std::thread::sleep(Duration::from_secs(1));
    let id = server.get("/v1/calls?limit=1")["data"][0]["id"].as_str().unwrap().to_owned();
    server.poll(&format!("/v1/calls/{id}"), Duration::from_secs(20), |call| {
        call["transcripts"].as_array().is_some_and(|rows| rows.len() >= 3)
    });
    phone.command("hangup", "");
    phone.wait_for("CALL_CLOSED", Duration::from_secs(5));

    let path = format!("/v1/calls/{id}");
    let call = server.poll(&path, Duration::from_secs(10), |call| call["status"] != "in-progress");
    assert_eq!(
        (&call["status"], &call["disconnectionReason"], &call["fromNumber"], &call["toNumber"]),
        (&json!("completed"), &json!("user_hangup"), &json!(HANDSET), &json!(number)),
        "{call:#}"
    );
    let flat = turns(&server.get(&format!("{path}/transcript"))["transcript"]);
    assert_eq!(flat[0], ("agent".to_owned(), GREETING.to_owned()));
    assert_eq!(flat[1].0, "user");
    let understood = word_overlap(HOURS, &flat[1].1);
    assert!(understood >= 0.6, "{:?} was understood", flat[1].1);
    let answer = &flat[2];
    assert!(answer.0 == "agent" && ANSWER.starts_with(answer.1.trim_end_matches('…')), "{answer:?}");
    assert!(answer.1.len() < ANSWER.len() * 2 / 3, "the agent was interrupted, yet {answer:?}");
    assert_eq!(replay(&server, &id), flat);
    let rows = call["transcripts"].as_array().unwrap();
    assert_eq!((&rows[1]["transcript"], &rows[1]["response"]), (&json!(flat[1].1), &json!(answer.1)));

    let recording = recording(&server, &id);
    let (caller, agent) = (narrow(recording.left()), narrow(recording.right()));
    let (left, right) = (like(&question, &caller), like(&phone.heard(), &agent));
    println!(
        "greeting {r:.3}, caller's channel {left:.3}, agent's channel {right:.3}, understood {understood:.2}"
    );
    assert!(left > 0.8 && right > 0.8, "caller left {left:.3}, agent right {right:.3}");

    // The third thing on the caller's channel is none: two sentences, and the
    // agent is silent soon after the second begins.
    let spoken = stretches(&caller, baresip::RATE, SILENCE, Duration::from_millis(900));
    let onset = spoken.last().unwrap().start;
    let talk = stretches(&agent, baresip::RATE, SILENCE, Duration::from_millis(400));
    let cut =
        talk.iter().find(|talk| talk.contains(&onset)).expect("the agent spoke when it was interrupted");
    let silence_ms = (cut.end - onset) * 1000 / baresip::RATE as usize;
    println!("onset to silence: {silence_ms} ms");
    assert!(silence_ms < 1_000, "{silence_ms} ms from onset to silence");

    let log = server.log();
    assert!(!log.contains(&number[2..]) && !log.contains(&HANDSET[2..]), "numbers are logged:\n{log}");
}

#[test]
fn an_agent_calls_a_softphone() {
    let server = Server::start(Db::Sqlite, &[]);
    let (id, _) = agent(&server);
    let mut phone = Softphone::register(server.sip, HANDSET, PASSWORD);

    let call = server.post("/v1/calls", &json!({"agentId": id, "toNumber": HANDSET}));
    let path = format!("/v1/calls/{}", call["id"].as_str().unwrap());
    phone.wait_for("CALL_ESTABLISHED", Duration::from_secs(10));
    server.poll(&path, Duration::from_secs(20), |call| {
        call["transcripts"].as_array().is_some_and(|rows| !rows.is_empty())
    });
    until_sound(&phone, 0, false, Duration::from_secs(10));
    server.post(&format!("{path}/end"), &json!({}));
    phone.wait_for("CALL_CLOSED", Duration::from_secs(5));

    let call = server.poll(&path, Duration::from_secs(10), |call| call["status"] != "in-progress");
    assert_eq!(
        (&call["status"], &call["disconnectionReason"], &call["toNumber"]),
        (&json!("completed"), &json!("api_hangup"), &json!(HANDSET)),
        "{call:#}"
    );
    assert_eq!(call["transcripts"][0]["response"], GREETING);
    let r = like(&speech("Polly.Joanna", GREETING), &phone.heard());
    assert!(r > 0.8, "the greeting was not heard: r {r:.3}");
}

#[test]
fn a_softphone_that_rings_sees_the_call_withdrawn_or_declines_it() {
    let server = Server::start(Db::Sqlite, &[]);
    let (id, _) = agent(&server);
    let mut phone = Softphone::register(server.sip, HANDSET, PASSWORD);
    phone.command("answermode", "manual");

    for (withdrawn, reason) in [(true, "api_hangup"), (false, "dial_busy")] {
        phone.events.clear();
        let call = server.post("/v1/calls", &json!({"agentId": id, "toNumber": HANDSET}));
        let path = format!("/v1/calls/{}", call["id"].as_str().unwrap());
        phone.wait_for("CALL_INCOMING", Duration::from_secs(10));
        if withdrawn {
            server.post(&format!("{path}/end"), &json!({}));
        } else {
            phone.command("hangup", "");
        }
        phone.wait_for("CALL_CLOSED", Duration::from_secs(5));
        let call = server.poll(&path, Duration::from_secs(10), |call| call["status"] != "in-progress");
        assert_eq!((&call["status"], &call["disconnectionReason"]), (&json!("failed"), &json!(reason)));
    }
}

#[test]
fn a_wrong_password_registers_nothing() {
    let server = Server::start(Db::Sqlite, &[]);
    let mut phone = Softphone::start(server.sip, HANDSET, "guessed");
    phone.wait_for_log("403 Forbidden");
    assert!(!phone.log().contains("200 OK"), "{}", phone.log());
}
