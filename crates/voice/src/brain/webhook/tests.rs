use std::sync::Mutex;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    brain::{CallerWords, Said},
    sign::sign,
    testing::{at_noon, clock, open_policy, plan, serve, webhook},
};

type Seen = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A pieced body: text after a delay, or the connection's death.
enum Piece {
    Text(&'static str),
    Wait(u64),
    Die,
}
use Piece::{Die, Text, Wait};

fn stream_of(pieces: Vec<Piece>, content_type: &'static str) -> Response {
    let body = stream! {
        for piece in pieces {
            match piece {
                Text(text) => yield Ok(text.to_owned()),
                Wait(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Die => yield Err(std::io::Error::other("dies")),
            }
        }
    };
    ([("content-type", content_type)], Body::from_stream(body)).into_response()
}

struct Setup {
    seen: Seen,
    brain: WebhookBrain,
}

async fn answering<F>(answer: F) -> Setup
where
    F: Fn() -> Response + Clone + Send + Sync + 'static,
{
    with(answer, 10, 5, false).await
}

async fn with<F>(answer: F, context_limit: u8, timeout_s: u8, can_transfer: bool) -> Setup
where
    F: Fn() -> Response + Clone + Send + Sync + 'static,
{
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let app = Router::new().route(
        "/turn",
        post(move |headers: HeaderMap, body: String| {
            log.lock().unwrap().push((headers, body));
            let answer = answer.clone();
            async move { answer() }
        }),
    );
    let hook = Webhook { timeout_s, ..webhook(&format!("{}/turn", serve(app).await), context_limit) };
    let state = Some(serde_json::json!({"stage": "lead"}));
    let mut plan =
        plan(offhook_model::plan::BrainPlan::Webhook { webhook: hook.clone(), conversation_state: None });
    plan.transfer_number = can_transfer.then(|| "+14155550199".parse().unwrap());
    let fetch = FetchClient::new(open_policy()).unwrap();
    Setup { seen, brain: WebhookBrain::new(fetch, &plan, hook, state, clock()) }
}

fn asking(text: &str) -> BrainRequest {
    BrainRequest {
        words: Some(CallerWords { text: text.to_owned(), confidence: 0.95 }),
        history: Vec::new(),
        cancel: CancellationToken::new(),
    }
}

impl Setup {
    /// Everything of one turn, and its exchange.
    async fn turn(&self, request: BrainRequest) -> (Vec<BrainEvent>, WebhookExchange) {
        let mut events: Vec<BrainEvent> = self.brain.reply(request).collect().await;
        let Some(BrainEvent::Exchange(exchange)) = events.pop() else { panic!("the exchange comes last") };
        events.retain(|event| *event != BrainEvent::Pause);
        (events, *exchange)
    }
}

fn say(text: &str) -> BrainEvent {
    BrainEvent::Say(text.to_owned())
}

#[tokio::test]
async fn the_request_is_signed_and_carries_the_envelope() {
    let setup = with(|| r#"{"text":"We open at nine."}"#.into_response(), 2, 5, false).await;
    let said = |role, text: &str| Said { role, text: text.to_owned(), at: at_noon() };
    let mut request = asking("What are your hours?");
    request.history = vec![said(Role::Agent, "one"), said(Role::User, "two"), said(Role::Agent, "three")];
    let (events, exchange) = setup.turn(request).await;
    assert_eq!(events, [say("We open at nine.")]);

    let (headers, body) = setup.seen.lock().unwrap().remove(0);
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let timestamp = header("x-webhook-timestamp").parse().unwrap();
    assert_eq!(timestamp, at_noon().as_second());
    assert_eq!(header("x-webhook-signature"), sign("whsec_test", timestamp, body.as_bytes()));
    assert_eq!(header("x-webhook-event"), "agent.message");
    assert_eq!(header("x-webhook-id"), exchange.delivery_id);
    assert_eq!(header("user-agent"), "Offhook-Webhooks/1");
    assert_eq!(header("accept"), "application/json, application/x-ndjson");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        serde_json::json!({
            "event": "agent.message", "channel": "voice", "timestamp": "2025-01-15T12:00:00Z", "agentId": "agt_1",
            "data": {"callId": "call_1", "numberId": "num_1", "from": "+14155550100", "to": "+14155550101",
                     "status": "in-progress", "transcript": "What are your hours?", "confidence": 0.95,
                     "direction": "inbound", "contact": null},
            "conversationState": {"stage": "lead"},
            "recentHistory": [
                {"content": "two", "direction": "inbound", "channel": "voice", "at": "2025-01-15T12:00:00Z"},
                {"content": "three", "direction": "outbound", "channel": "voice", "at": "2025-01-15T12:00:00Z"},
            ],
        })
    );
    assert_eq!((exchange.http_status, exchange.error), (Some(200), None));
    assert_eq!(exchange.request_body, body);
    assert_eq!(exchange.response_body.as_deref(), Some(r#"{"text":"We open at nine."}"#));
}

#[tokio::test]
async fn the_opening_turn_has_no_words_and_no_history_without_a_limit() {
    let setup = with(|| "{}".into_response(), 0, 5, false).await;
    let history = vec![Said { role: Role::Agent, text: "x".to_owned(), at: at_noon() }];
    setup.turn(BrainRequest { words: None, history, cancel: CancellationToken::new() }).await;
    let body: Value = serde_json::from_str(&setup.seen.lock().unwrap()[0].1).unwrap();
    assert_eq!(body["data"]["transcript"], "");
    assert_eq!(body["recentHistory"], serde_json::json!([]));
}

#[tokio::test]
async fn the_first_line_is_spoken_before_the_last_arrives() {
    for content_type in ["application/x-ndjson", "application/json", "text/plain"] {
        let setup = answering(move || {
            stream_of(
                vec![
                    Text("{\"text\":\"Let me check.\",\"interim\":true}\n"),
                    Wait(400),
                    Text("{\"text\":\"It ships "),
                    Text("tomorrow.\"}\n{\"text\":\"never\"}\n"),
                    Wait(60_000),
                ],
                content_type,
            )
        })
        .await;
        let mut reply = setup.brain.reply(asking("x"));
        let began = Instant::now();
        assert_eq!(reply.next().await, Some(say("Let me check.")));
        assert!(began.elapsed() < Duration::from_millis(300), "{content_type}");
        assert_eq!(reply.next().await, Some(BrainEvent::Pause));
        assert_eq!(reply.next().await, Some(say("It ships tomorrow.")));
        assert_eq!(reply.next().await, Some(BrainEvent::Pause));
        assert!(
            matches!(reply.next().await, Some(BrainEvent::Exchange(_))),
            "later lines are not waited for"
        );
        assert_eq!(reply.next().await, None);
    }
}

#[tokio::test]
async fn what_is_no_reply_is_silence() {
    for body in ["", "[]", "\"hi\"", "17", "<html>oops</html>", "{\"text\":null}", "{\"text\""] {
        let setup = answering(move || body.into_response()).await;
        let (events, exchange) = setup.turn(asking("x")).await;
        assert_eq!((events, exchange.http_status, exchange.error), (vec![], Some(200), None), "{body}");
    }
}

#[tokio::test]
async fn errors_are_silence_and_are_logged() {
    let setup =
        answering(|| (StatusCode::INTERNAL_SERVER_ERROR, r#"{"text":"stack trace"}"#).into_response()).await;
    let (events, exchange) = setup.turn(asking("x")).await;
    assert_eq!((events, exchange.error.as_deref()), (vec![], Some("HTTP 500")));
    assert_eq!(exchange.response_body.as_deref(), Some(r#"{"text":"stack trace"}"#));

    let setup = answering(|| axum::response::Redirect::temporary("/turn").into_response()).await;
    assert_eq!(setup.turn(asking("x")).await.1.error.as_deref(), Some("HTTP 307"));

    let hook = webhook("http://127.0.0.1:1/", 10);
    let call =
        plan(offhook_model::plan::BrainPlan::Webhook { webhook: hook.clone(), conversation_state: None });
    let fetch = FetchClient::new(open_policy()).unwrap();
    let dead = Setup { seen: Seen::default(), brain: WebhookBrain::new(fetch, &call, hook, None, clock()) };
    let (events, exchange) = dead.turn(asking("x")).await;
    assert!(events.is_empty() && exchange.http_status.is_none());
    assert!(exchange.error.unwrap().starts_with("connection failed"));
}

#[tokio::test]
async fn a_stream_that_dies_or_stalls_keeps_what_it_said() {
    for (pieces, status) in [(0, "connection failed"), (1, "timeout after 1s")] {
        let setup = with(
            move || {
                let end = if pieces == 0 { Die } else { Wait(60_000) };
                stream_of(
                    vec![Text("{\"text\":\"One.\",\"interim\":true}\n{\"text\":\"Tw"), Wait(50), end],
                    "application/x-ndjson",
                )
            },
            10,
            1,
            false,
        )
        .await;
        let (events, exchange) = setup.turn(asking("x")).await;
        assert_eq!(events, [say("One.")]);
        assert!(exchange.error.unwrap().starts_with(status));
        assert_eq!(exchange.http_status, Some(200));
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_a_timeout() {
    let app = Router::new().route("/turn", post(|| async { std::future::pending::<()>().await }));
    let hook = Webhook { timeout_s: 1, ..webhook(&format!("{}/turn", serve(app).await), 10) };
    let call =
        plan(offhook_model::plan::BrainPlan::Webhook { webhook: hook.clone(), conversation_state: None });
    let fetch = FetchClient::new(open_policy()).unwrap();
    let setup = Setup { seen: Seen::default(), brain: WebhookBrain::new(fetch, &call, hook, None, clock()) };
    let (events, exchange) = setup.turn(asking("x")).await;
    assert_eq!((events, exchange.error.as_deref()), (vec![], Some("timeout after 1s")));
}

#[tokio::test]
async fn an_interruption_aborts_the_request() {
    let setup = answering(|| {
        stream_of(vec![Text("{\"text\":\"One.\",\"interim\":true}\n"), Wait(60_000)], "application/x-ndjson")
    })
    .await;
    let request = asking("x");
    let cancel = request.cancel.clone();
    let mut reply = setup.brain.reply(request);
    assert_eq!(reply.next().await, Some(say("One.")));
    cancel.cancel();
    let rest: Vec<BrainEvent> = reply.collect().await;
    let Some(BrainEvent::Exchange(exchange)) = rest.last() else { panic!("no exchange") };
    assert_eq!(exchange.error.as_deref(), Some(INTERRUPTED));
}

#[tokio::test]
async fn actions_come_after_the_words() {
    let body = r#"{"text":"Bye.","action":"hangup","digits":"1#"}"#;
    let (events, _) = answering(move || body.into_response()).await.turn(asking("x")).await;
    assert_eq!(events, [say("Bye."), BrainEvent::Digits("1#".to_owned()), BrainEvent::HangUp]);

    let (events, _) = answering(|| r#"{"hangup":true}"#.into_response()).await.turn(asking("x")).await;
    assert_eq!(events, [BrainEvent::HangUp]);
}

#[tokio::test]
async fn a_transfer_without_a_number_only_speaks() {
    let body = r#"{"text":"Connecting.","action":"transfer"}"#;
    let (events, _) = answering(move || body.into_response()).await.turn(asking("x")).await;
    assert_eq!(events, [say("Connecting.")]);
    let setup = with(move || body.into_response(), 10, 5, true).await;
    assert_eq!(setup.turn(asking("x")).await.0, [say("Connecting."), BrainEvent::Transfer]);
}

#[tokio::test]
async fn long_replies_are_logged_up_to_their_limit() {
    let setup = answering(|| format!("{{\"text\":\"{}\"}}", "é".repeat(20_000)).into_response()).await;
    let (events, exchange) = setup.turn(asking("x")).await;
    assert_eq!(exchange.response_body.unwrap().chars().count(), LOGGED_CHARS);
    assert!(matches!(&events[0], BrainEvent::Say(text) if text.chars().count() == 8_000));
}
