//! The database goes away, or is full, while a call is up and talking.
//!
//! `OFFHOOK_TEST_OUTAGE_SECONDS` makes the outage of PostgreSQL longer; the
//! default keeps the test short.

use std::time::{Duration, Instant};

use offhook_engine::leg::LegEnd;
use offhook_testkit::{
    agent::probe::{SipProbe, header_of},
    doubles::chat::{ChatReply, ChatScript},
};
use serde_json::{Value, json};

use crate::{
    postgres::OwnPostgres,
    server::{Db, KEY},
    stage::{CALLER, HOURS, ORDER, SOON, Stage, THANKS, assert_heard, rows, said},
};

const OPEN: &str = "We are open from nine to five.";
const NOTED: &str = "I have noted your order.";
const BYE: &str = "Goodbye to you.";

fn script() -> ChatScript {
    ChatScript::default()
        .when("opening hours", ChatReply::say(OPEN))
        .when("order number", ChatReply::say(NOTED))
        .when("that is all", ChatReply::say(BYE))
}

/// What a client is answered, and when it may come back.
async fn answered(stage: &Stage, path: &str, body: &Value) -> (u16, Option<String>) {
    let request = reqwest::Client::new().post(stage.server.url(path)).bearer_auth(KEY).json(body);
    let response = request.send().await.unwrap();
    let after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), after)
}

/// Waits until the server says this of its database.
async fn until_store(stage: &Stage, word: &str) -> Duration {
    let start = Instant::now();
    loop {
        let ready: Value = stage.fetch("/readyz", &[]).await.json().await.unwrap();
        if ready["store"] == word {
            assert_eq!(ready["reason"].is_string(), word != "ok", "{ready}");
            return start.elapsed();
        }
        assert!(start.elapsed() < Duration::from_secs(15), "{ready}\n{}", stage.server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Nothing new is taken, and whoever asks is told when to come back.
async fn refuses_what_is_new(stage: &Stage, agent: &crate::stage::Agent) {
    let call = json!({"agentId": agent.id, "toNumber": "+15005550001"});
    let text = json!({"agent_id": agent.id, "to_number": "+14155550123", "body": "Hello"});
    for (path, body) in [("/v1/calls", &call), ("/v1/messages", &text)] {
        let (status, after) = answered(stage, path, body).await;
        assert_eq!((status, after.as_deref()), (503, Some("5")), "{path}");
    }
    let probe = SipProbe::open(stage.server.sip).await.unwrap();
    let uri = format!("sip:{}@{}", agent.number, stage.server.sip);
    probe.send(probe.request("INVITE", &uri, "outage", 1, &[], "").unwrap().as_bytes()).await.unwrap();
    let (status, response) = probe.final_response(SOON).await.unwrap();
    assert_eq!((status, header_of(&response, "retry-after")), (503, Some("10")), "{response}");
    let mut refused = stage.phone.call(stage.server.sip, &agent.number, CALLER).unwrap();
    assert_eq!(refused.ended(SOON).await, Some(LegEnd::Refused(503)));
    stage.is_alive().await;
}

/// Each event of the account once, each call with exactly one end.
async fn nothing_is_doubled(stage: &Stage, calls: usize) {
    let listed = stage.get("/v1/calls").await;
    assert_eq!(listed["total"], calls, "{listed:#}");
    let mut ended = Vec::new();
    for request in stage.hook.journal().requests() {
        let event = request.json();
        if event["event"] == "agent.call_ended" {
            ended.push(event["data"]["callId"].as_str().unwrap().to_owned());
        }
    }
    ended.sort();
    let told = ended.len();
    ended.dedup();
    assert_eq!((told, ended.len()), (calls, calls), "one end for each call");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_an_outage_of_postgresql_and_its_story_is_whole() {
    let postgres = tokio::task::spawn_blocking(OwnPostgres::start).await.unwrap();
    let url = postgres.url();
    let stage = Stage::start(Db::Sqlite, script(), &[("STORE__URL", &url)]).await;
    stage.account_webhook().await;
    let agent = stage.agent(&json!({})).await;
    let (mut staying, mut leaving) = (stage.greeted(&agent).await, stage.greeted(&agent).await);
    // Texts are acknowledged all along; those that are must be there afterwards.
    let (count, mut counted) = tokio::sync::watch::channel(0);
    let texts = tokio::spawn({
        let (url, agent) = (stage.server.url("/v1/messages"), agent.id.clone());
        async move {
            let (client, mut acknowledged) = (reqwest::Client::new(), Vec::new());
            // The inbox shows the latest 200.
            for n in 0..180 {
                tokio::time::sleep(Duration::from_millis(30)).await;
                let body = format!("text {n}");
                let text = json!({"agent_id": agent, "to_number": "+14155550123", "body": body});
                match client.post(&url).bearer_auth(KEY).json(&text).send().await.unwrap().status().as_u16() {
                    200 => {
                        acknowledged.push(body);
                        count.send_replace(acknowledged.len());
                    }
                    503 if n > 0 => return acknowledged,
                    other => panic!("text {n} was answered {other}"),
                }
            }
            acknowledged
        }
    });

    counted.wait_for(|count| *count >= 5).await.unwrap();
    let since = Instant::now();
    tokio::task::block_in_place(|| postgres.down());
    until_store(&stage, "unavailable").await;
    let acknowledged = texts.await.unwrap();
    assert_heard(OPEN, &stage.ask(&mut staying, HOURS).await);
    refuses_what_is_new(&stage, &agent).await;
    assert_heard(NOTED, &stage.ask(&mut leaving, ORDER).await);
    leaving.hang_up().await;
    let seconds = std::env::var("OFFHOOK_TEST_OUTAGE_SECONDS").ok().and_then(|text| text.parse().ok());
    tokio::time::sleep(Duration::from_secs(seconds.unwrap_or(8)).saturating_sub(since.elapsed())).await;
    assert_heard(NOTED, &stage.ask(&mut staying, ORDER).await);

    tokio::task::block_in_place(|| postgres.up());
    let back = until_store(&stage, "ok").await;
    println!("the database was used again {} ms after it was up", back.as_millis());
    assert_heard(BYE, &stage.ask(&mut staying, THANKS).await);
    staying.hang_up().await;

    stage.hook.event("agent.call_ended", SOON).await.expect("agent.call_ended");
    let calls = stage
        .poll("/v1/calls", SOON, |calls| {
            calls["data"].as_array().unwrap().iter().all(|call| call["status"] == "completed")
        })
        .await;
    let mut stories = Vec::new();
    for call in calls["data"].as_array().unwrap() {
        let call = stage.get(&format!("/v1/calls/{}", call["id"].as_str().unwrap())).await;
        assert_eq!(call["disconnectionReason"], "user_hangup", "as it was, not as it looked: {call:#}");
        stories.push(rows(&call));
    }
    stories.sort_by_key(Vec::len);
    let hello = ("", "Hello and welcome.");
    assert_eq!(stories[0], said(&[hello, (ORDER, NOTED)]));
    assert_eq!(stories[1], said(&[hello, (HOURS, OPEN), (ORDER, NOTED), (THANKS, BYE)]));

    // A new call is taken again, and then all is told once.
    let mut next = stage.greeted(&agent).await;
    next.hang_up().await;
    let start = Instant::now();
    while stage.hook.journal().requests().len() < 3 && start.elapsed() < SOON {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    nothing_is_doubled(&stage, 3).await;
    let inbox = stage.get("/offhook/v1/sim/handsets/%2B14155550123/messages").await;
    let arrived: Vec<&str> =
        inbox["data"].as_array().unwrap().iter().map(|text| text["body"].as_str().unwrap()).collect();
    for text in &acknowledged {
        assert!(arrived.contains(&text.as_str()), "{text} in {arrived:?}");
    }
    let once: std::collections::HashSet<_> = arrived.iter().collect();
    assert_eq!(once.len(), arrived.len(), "no text came twice: {arrived:?}");
    println!("{} texts were acknowledged before the outage", acknowledged.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_a_full_disk_and_all_is_well_once_there_is_room() {
    // Enough to start with; then agents with long descriptions fill it.
    let mut stage = Stage::start(Db::Sqlite, script(), &[("STORE__MAX_BYTES", "4000000")]).await;
    stage.account_webhook().await;
    let agent = stage.agent(&json!({})).await;
    let mut call = stage.greeted(&agent).await;
    let id = stage.latest().await;
    let mut fillers = Vec::new();
    for bytes in [400_000, 40_000, 4_000] {
        loop {
            let filler = json!({"name": "Filler", "description": "x".repeat(bytes)});
            let request = reqwest::Client::new().post(stage.server.url("/v1/agents")).bearer_auth(KEY);
            let response = request.json(&filler).send().await.unwrap();
            if response.status() == 503 {
                assert_eq!(response.headers()["retry-after"], "5");
                break;
            }
            let made: Value = response.json().await.unwrap();
            fillers.push(made["id"].as_str().unwrap().to_owned());
        }
    }
    until_store(&stage, "unavailable").await;
    refuses_what_is_new(&stage, &agent).await;
    // What is there can be read, and the call goes on.
    assert_eq!(stage.get(&format!("/v1/calls/{id}")).await["status"], "in-progress");
    assert_heard(OPEN, &stage.ask(&mut call, HOURS).await);
    assert_heard(NOTED, &stage.ask(&mut call, ORDER).await);
    call.hang_up().await;

    for filler in fillers {
        let request = reqwest::Client::new().delete(stage.server.url(&format!("/v1/agents/{filler}")));
        assert!(request.bearer_auth(KEY).send().await.unwrap().status().is_success());
    }
    until_store(&stage, "ok").await;
    let over = stage.ended(&id, SOON).await;
    assert_eq!(over["disconnectionReason"], "user_hangup");
    assert_eq!(rows(&over), said(&[("", "Hello and welcome."), (HOURS, OPEN), (ORDER, NOTED)]));
    stage.hook.event("agent.call_ended", SOON).await.expect("agent.call_ended");
    let mut next = stage.greeted(&agent).await;
    next.hang_up().await;
    assert_eq!(stage.ended(&stage.latest().await, SOON).await["status"], "completed");
    nothing_is_doubled(&stage, 2).await;
    assert_eq!(tokio::task::block_in_place(|| stage.server.stop()), Some(0));
    assert_eq!(integrity(stage.server.dir.path()), "ok\n");
}

/// What SQLite says of its file.
fn integrity(dir: &std::path::Path) -> String {
    let python = "import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])";
    let output =
        std::process::Command::new("python3").args(["-c", python]).arg(dir.join("offhook.db")).output();
    String::from_utf8(output.expect("python3 runs").stdout).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_during_an_outage_is_told_truly_by_the_next_start_after_a_crash() {
    let mut stage = Stage::start(Db::Sqlite, script(), &[("STORE__MAX_BYTES", "2000000")]).await;
    stage.account_webhook().await;
    let agent = stage.agent(&json!({})).await;
    let mut call = stage.greeted(&agent).await;
    let id = stage.latest().await;
    let fill = json!({"name": "Filler", "description": "x".repeat(40_000)});
    while answered(&stage, "/v1/agents", &fill).await.0 != 503 {}
    until_store(&stage, "unavailable").await;
    assert_heard(OPEN, &stage.ask(&mut call, HOURS).await);
    call.hang_up().await;
    let start = Instant::now();
    let spooled = |stage: &Stage| {
        let text = std::fs::read(stage.server.dir.path().join("spool.log")).unwrap();
        String::from_utf8_lossy(&text).contains("Ended")
    };
    while !spooled(&stage) {
        assert!(start.elapsed() < SOON, "{}", stage.server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::task::block_in_place(|| {
        stage.server.kill();
        stage.server.set("STORE__MAX_BYTES", "0");
        stage.server.start_again();
    });
    let over = stage.ended(&id, SOON).await;
    assert_eq!(over["disconnectionReason"], "user_hangup", "{over:#}");
    assert_eq!(rows(&over), said(&[("", "Hello and welcome."), (HOURS, OPEN)]));
    stage.hook.event("agent.call_ended", SOON).await.expect("agent.call_ended");
    nothing_is_doubled(&stage, 1).await;
}
