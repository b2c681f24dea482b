//! `GET /v1/calls/{call_id}/transcript/stream`.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures::StreamExt as _;
use http::Request;
use offhook_model::{call::EndReason, id::CallId, report::Role};
use serde_json::json;
use tower::ServiceExt as _;

use crate::harness::{World, on_both};

on_both!(
    past_turns_are_replayed_then_live_ones_follow,
    a_finished_call_is_told_and_closed,
    silence_is_broken_by_heartbeats,
    no_turn_is_lost_or_doubled_however_it_races,
);

/// The stream, read frame by frame.
struct Reader {
    body: BodyDataStream,
    buffer: String,
}

impl Reader {
    async fn open(world: &World, call: &CallId) -> Self {
        let request = Request::builder()
            .uri(format!("/v1/calls/{call}/transcript/stream"))
            .header("authorization", format!("Bearer {}", world.key));
        let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self { body: response.into_body().into_data_stream(), buffer: String::new() }
    }

    /// The next frame without its blank line; none at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((frame, rest)) = self.buffer.split_once("\n\n") {
                let frame = frame.to_owned();
                self.buffer = rest.to_owned();
                return Some(frame);
            }
            let chunk = self.body.next().await?.unwrap();
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn event(&mut self) -> (String, serde_json::Value) {
        let frame = self.next().await.expect("the stream is over");
        let (event, data) = frame.split_once('\n').unwrap_or_else(|| panic!("{frame}"));
        let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        (event.strip_prefix("event: ").unwrap().to_owned(), data)
    }
}

async fn past_turns_are_replayed_then_live_ones_follow(world: World) {
    let (agent, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    world.answer(&call).await;
    world.say(&call, 0, Role::Agent, "Hello!").await;
    let mut reader = Reader::open(&world, &call).await;
    let connected = json!({
        "callId": call, "status": "in-progress", "agentId": agent.id, "agentName": "Ada", "direction": "inbound",
        "fromNumber": "+14155550777", "toNumber": number.phone_number, "startedAt": "2023-11-14T22:13:20Z",
    });
    assert_eq!(reader.event().await, ("connected".to_owned(), connected));
    let turn = |role: &str, content: &str, second: u32| {
        let at = format!("2023-11-14T22:13:{:02}Z", 20 + second);
        ("turn".to_owned(), json!({"role": role, "content": content, "createdAt": at}))
    };
    assert_eq!(reader.event().await, turn("agent", "Hello!", 0));
    world.say(&call, 1, Role::User, "Two\nlines").await;
    assert_eq!(reader.event().await, turn("user", "Two\nlines", 1));
    world.end(&call, EndReason::UserHangup).await;
    let ended = json!({"callId": call, "status": "completed", "endedAt": "2023-11-14T22:13:20Z", "durationSeconds": 2});
    assert_eq!(reader.event().await, ("ended".to_owned(), ended));
    assert_eq!(reader.next().await, None);
}

async fn a_finished_call_is_told_and_closed(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    world.answer(&call).await;
    world.say(&call, 0, Role::Agent, "Hello!").await;
    world.end(&call, EndReason::AgentHangup).await;
    let mut reader = Reader::open(&world, &call).await;
    for expected in ["connected", "turn", "ended"] {
        assert_eq!(reader.event().await.0, expected);
    }
    assert_eq!(reader.next().await, None);
    assert_eq!(world.app.calls().bus.watched_calls(), 0);
}

async fn silence_is_broken_by_heartbeats(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    let mut reader = Reader::open(&world, &call).await;
    assert_eq!(reader.event().await.0, "connected");
    for _ in 0..3 {
        let next = reader.next();
        let passing = async {
            // Lets the stream read the store and begin to wait.
            tokio::time::sleep(Duration::from_millis(100)).await;
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(15)).await;
            tokio::time::resume();
        };
        let (frame, ()) = tokio::join!(next, passing);
        assert_eq!(frame.as_deref(), Some(": heartbeat"));
    }
    world.say(&call, 0, Role::Agent, "Hello!").await;
    assert_eq!(reader.event().await.0, "turn");
}

async fn no_turn_is_lost_or_doubled_however_it_races(world: World) {
    let (_, number) = world.hosted().await;
    for _ in 0..3 {
        let call = world.inbound(&number).await;
        world.answer(&call).await;
        let speaking = async {
            for index in 0..30 {
                world.say(&call, index, Role::User, &index.to_string()).await;
            }
            world.end(&call, EndReason::UserHangup).await;
        };
        let reading = |delay: u64| {
            let (world, call) = (&world, &call);
            async move {
                tokio::time::sleep(Duration::from_millis(delay)).await;
                let mut reader = Reader::open(world, call).await;
                let mut heard = Vec::new();
                loop {
                    match reader.event().await {
                        (event, _) if event == "ended" => break heard,
                        (event, data) if event == "turn" => {
                            heard.push(data["content"].as_str().unwrap().to_owned())
                        }
                        _ => {}
                    }
                }
            }
        };
        let ((), first, second, third) = tokio::join!(speaking, reading(0), reading(5), reading(20));
        let expected: Vec<String> = (0..30).map(|index| index.to_string()).collect();
        assert_eq!([first, second, third], [expected.clone(), expected.clone(), expected]);
    }
}
