mod texts;

use std::{collections::VecDeque, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::RawQuery,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use offhook_model::{report::Role, tool::ToolMethod};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    brain::{CallerWords, Said},
    testing::{at_noon, hosted, llm, open_policy, plan, serve},
};

/// What the model does with one request.
#[derive(Clone)]
enum Script {
    /// Pieces of an event stream; a number waits so many ms.
    Stream(Vec<&'static str>),
    Status(u16),
    Html,
}

#[derive(Clone, Default)]
struct Model {
    scripts: Arc<Mutex<VecDeque<Script>>>,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Model {
    async fn serve(scripts: Vec<Script>) -> (Self, String) {
        let model = Self { scripts: Arc::new(Mutex::new(scripts.into())), ..Self::default() };
        let own = model.clone();
        let app = Router::new().route(
            "/v1/chat/completions",
            post(move |headers: HeaderMap, body: String| {
                assert_eq!(headers["authorization"], "Bearer secret");
                own.requests.lock().unwrap().push(serde_json::from_str(&body).unwrap());
                let script = own.scripts.lock().unwrap().pop_front().unwrap_or(Script::Status(500));
                async move { script.answer() }
            }),
        );
        let url = format!("{}/v1", serve(app).await);
        (model, url)
    }

    fn request(&self, at: usize) -> Value {
        self.requests.lock().unwrap()[at].clone()
    }
}

impl Script {
    fn answer(self) -> Response {
        match self {
            Self::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
            Self::Html => axum::response::Html("<html>data: no</html>").into_response(),
            Self::Stream(pieces) => {
                let body = stream! {
                    for piece in pieces {
                        match piece.parse() {
                            Ok(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                            Err(_) if piece == "DIE" => yield Err(std::io::Error::other("dies")),
                            Err(_) => yield Ok(piece.to_owned()),
                        }
                    }
                };
                ([("content-type", "text/event-stream")], Body::from_stream(body)).into_response()
            }
        }
    }
}

const HELLO: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n";
const THERE: &str =
    ": ping\n\ndata: {\"choices\":[{\"delta\":{\"content\":\" there.\"},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn tool_call(name: &str, arguments: &str) -> Script {
    let arguments = Value::from(arguments).to_string();
    let event = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"index\":0,\"id\":\"c1\",\"function\":{{\"name\":\"{name}\",\"arguments\":{arguments}}}}}]}}}}]}}\n\ndata: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"tool_calls\"}}]}}\n\n"
    );
    Script::Stream(vec![Box::leak(event.into_boxed_str()), DONE])
}

fn speech() -> Script {
    Script::Stream(vec![HELLO, THERE, DONE])
}

fn tool(url: &str, method: ToolMethod) -> CustomTool {
    CustomTool {
        name: "lookup".to_owned(),
        description: "Looks things up.".to_owned(),
        url: url.to_owned(),
        method,
        headers: Some([("X-Key".to_owned(), "k".to_owned())].into()),
        parameters: Some(
            json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}),
        ),
        timeout_ms: 1_000,
        speak_during_execution: true,
        execution_message: Some("Let me look.".to_owned()),
    }
}

fn brain(base_url: &str, tools: Vec<CustomTool>, can_transfer: bool) -> HostedBrain {
    let mut call = plan(hosted("You sell hats.", tools.clone()));
    call.transfer_number = can_transfer.then(|| "+14155550199".parse().unwrap());
    let chat = ChatClient::new(llm(base_url)).unwrap();
    let fetch = FetchClient::new(open_policy()).unwrap();
    HostedBrain::new(chat, fetch, &call, "You sell hats.", ModelTier::Max, &tools, None)
}

fn asking(text: &str, history: Vec<Said>) -> BrainRequest {
    BrainRequest {
        words: Some(CallerWords { text: text.to_owned(), confidence: 0.9 }),
        history,
        cancel: CancellationToken::new(),
    }
}

async fn turn(brain: &HostedBrain, text: &str) -> Vec<BrainEvent> {
    brain.reply(asking(text, Vec::new())).collect().await
}

fn words(events: &[BrainEvent]) -> String {
    events
        .iter()
        .filter_map(|e| if let BrainEvent::Say(text) = e { Some(text.as_str()) } else { None })
        .collect()
}

fn failure(events: &[BrainEvent]) -> Option<&str> {
    events
        .iter()
        .find_map(|e| if let BrainEvent::Failed(error) = e { Some(error.reason.as_str()) } else { None })
}

#[tokio::test]
async fn words_are_streamed_and_the_model_reads_the_call() {
    let (model, url) = Model::serve(vec![speech()]).await;
    let history = vec![
        Said { role: Role::Agent, text: "Hi.".to_owned(), at: at_noon() },
        Said { role: Role::User, text: "Hello.".to_owned(), at: at_noon() },
    ];
    let events: Vec<BrainEvent> = brain(&url, vec![], false).reply(asking("Hats?", history)).collect().await;
    assert_eq!(events, [BrainEvent::Say("Hello".to_owned()), BrainEvent::Say(" there.".to_owned())]);
    let request = model.request(0);
    assert_eq!((&request["model"], &request["stream"]), (&json!("large"), &json!(true)));
    let messages = request["messages"].as_array().unwrap();
    assert!(messages[0]["content"].as_str().unwrap().starts_with("You sell hats."));
    let roles: Vec<&str> = messages.iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "assistant", "user", "user"]);
    let names: Vec<&str> = request["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["function"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["end_call", "press_digit"], "no transfer without a number");
}

#[tokio::test]
async fn failures_of_the_model_are_told_apart() {
    for (script, reason, said) in [
        (Script::Status(503), "HTTP 503", ""),
        (Script::Html, "it holds no events", ""),
        (Script::Stream(vec!["data: {\"choices\": oops\n\n"]), "no completion chunk", ""),
        (Script::Stream(vec!["data: {\"error\":{\"message\":\"no\"}}\n\n"]), "no completion chunk", ""),
        (Script::Stream(vec!["30000"]), "no first token", ""),
        (Script::Stream(vec![HELLO, "30000"]), "no token for", "Hello"),
        (Script::Stream(vec![HELLO]), "ended early", "Hello"),
        (Script::Stream(vec![HELLO, "50", "DIE"]), "connection failed", "Hello"),
    ] {
        let (_, url) = Model::serve(vec![script]).await;
        let events = turn(&brain(&url, vec![], false), "x").await;
        assert!(failure(&events).unwrap_or("none").contains(reason), "{reason}: {events:?}");
        assert_eq!(words(&events), said, "{reason}");
    }
    let events = turn(&brain("http://127.0.0.1:1/v1", vec![], false), "x").await;
    assert!(failure(&events).unwrap().contains("connection failed"));
}

fn say(text: &str) -> &'static str {
    let event = json!({"choices": [{"delta": {"content": text}}]});
    Box::leak(format!("data: {event}\n\n").into_boxed_str())
}

#[tokio::test]
async fn thoughts_and_leaked_tool_calls_are_not_spoken() {
    let pieces = [
        "<thi",
        "nk>The caller wants",
        " hats.</",
        "think>\n\nWe have",
        " hats. <tool_call>{\"name\":",
        "\"x\"}",
    ];
    let mut script: Vec<&'static str> = pieces.map(say).to_vec();
    script.push(DONE);
    let (_, url) = Model::serve(vec![Script::Stream(script)]).await;
    let events = turn(&brain(&url, vec![], false), "x").await;
    assert_eq!((words(&events).trim(), failure(&events)), ("We have hats.", None));
}

#[tokio::test]
async fn a_model_that_only_thinks_has_failed() {
    let (_, url) = Model::serve(vec![Script::Stream(vec![say("<think>and on and on"), DONE])]).await;
    assert_eq!(failure(&turn(&brain(&url, vec![], false), "x").await), Some("it said nothing"));
}

#[tokio::test]
async fn a_model_that_never_ends_is_stopped() {
    let endless: Vec<&'static str> = vec![say("word word word word word word word word word word "); 400];
    let (_, url) = Model::serve(vec![Script::Stream(endless)]).await;
    let events = turn(&brain(&url, vec![], false), "x").await;
    assert!((8_000..8_200).contains(&words(&events).len()));
    assert_eq!(failure(&events), None);
}

#[tokio::test]
async fn built_in_tools_act() {
    let (_, url) = Model::serve(vec![
        tool_call("end_call", "{}"),
        tool_call("transfer_call", ""),
        tool_call("press_digit", r#"{"digits":"1#"}"#),
    ])
    .await;
    let brain = brain(&url, vec![], true);
    assert!(turn(&brain, "x").await.contains(&BrainEvent::HangUp));
    assert!(turn(&brain, "x").await.contains(&BrainEvent::Transfer));
    assert!(turn(&brain, "x").await.contains(&BrainEvent::Digits("1#".to_owned())));
}

#[tokio::test]
async fn a_wrong_tool_call_is_explained_to_the_model() {
    for (name, arguments, explained) in [
        ("transfer_call", "{}", "no such tool"),
        ("fly", "{}", "no such tool"),
        ("end_call", "{oops", "not a JSON object"),
        ("press_digit", r#"{"digits":"call mom"}"#, "digits must be"),
        ("lookup", r#"{"id":"seven"}"#, "invalid arguments"),
        ("lookup", "{}", "invalid arguments"),
    ] {
        let (model, url) = Model::serve(vec![tool_call(name, arguments), speech()]).await;
        let brain = brain(&url, vec![tool("http://127.0.0.1:1/", ToolMethod::Post)], false);
        let events = turn(&brain, "x").await;
        assert_eq!((words(&events).as_str(), failure(&events)), ("Hello there.", None), "{name}");
        let messages = model.request(1)["messages"].as_array().unwrap().clone();
        let result = &messages.last().unwrap();
        assert_eq!((&result["role"], &result["tool_call_id"]), (&json!("tool"), &json!("c1")));
        assert!(result["content"].as_str().unwrap().contains(explained), "{name}: {result}");
    }
}

type Log = Arc<Mutex<Vec<(HeaderMap, String)>>>;

async fn tool_server() -> (Log, String) {
    let log = Log::default();
    let (posts, gets) = (Arc::clone(&log), Arc::clone(&log));
    let app = Router::new()
        .route(
            "/post",
            post(move |headers: HeaderMap, body: String| {
                posts.lock().unwrap().push((headers, body));
                async { r#"{"stock":3}"# }
            }),
        )
        .route(
            "/get",
            get(move |headers: HeaderMap, RawQuery(query): RawQuery| {
                gets.lock().unwrap().push((headers, query.unwrap_or_default()));
                async { "x".repeat(40_000) }
            }),
        )
        .route("/gone", post(|| async { StatusCode::GONE }))
        .route("/away", post(|| async { axum::response::Redirect::temporary("/post") }))
        .route("/hang", post(|| async { std::future::pending::<()>().await }));
    (log, serve(app).await)
}

#[tokio::test]
async fn a_custom_tool_gets_its_arguments_and_the_model_its_result() {
    let (log, tools) = tool_server().await;
    let (model, url) = Model::serve(vec![tool_call("lookup", r#"{"id":7}"#), speech()]).await;
    let brain = brain(&url, vec![tool(&format!("{tools}/post"), ToolMethod::Post)], false);
    assert_eq!(words(&turn(&brain, "x").await), "Let me look. Hello there.");
    let (headers, body) = log.lock().unwrap().remove(0);
    assert_eq!(body, r#"{"id":7}"#);
    for (name, value) in [
        ("x-key", "k"),
        ("content-type", "application/json"),
        ("x-offhook-call-id", "call_1"),
        ("x-offhook-agent-id", "agt_1"),
        ("x-offhook-tool-name", "lookup"),
    ] {
        assert_eq!(headers[name], value);
    }
    assert_eq!(model.request(1)["messages"].as_array().unwrap().last().unwrap()["content"], r#"{"stock":3}"#);
}

#[tokio::test]
async fn a_get_tool_gets_a_query_and_long_results_are_cut() {
    let (log, tools) = tool_server().await;
    let (model, url) = Model::serve(vec![
        tool_call("lookup", r#"{"id":7,"q":"a b","deep":{"x":[1]},"none":null}"#),
        speech(),
    ])
    .await;
    let brain = brain(&url, vec![tool(&format!("{tools}/get?k=v"), ToolMethod::Get)], false);
    turn(&brain, "x").await;
    let query = log.lock().unwrap().remove(0).1;
    assert_eq!(query, "k=v&id=7&q=a+b&deep=%7B%22x%22%3A%5B1%5D%7D");
    let request = model.request(1);
    let result =
        request["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    assert_eq!(result.len(), http_tool::MAX_RESULT_CHARS);
}

#[tokio::test]
async fn a_tool_that_fails_never_fails_the_call() {
    let (_, tools) = tool_server().await;
    for (path, told) in [("/gone", "HTTP 410"), ("/away", "HTTP 307"), ("/hang", "timeout after 1s")] {
        let (model, url) = Model::serve(vec![tool_call("lookup", r#"{"id":7}"#), speech()]).await;
        let brain = brain(&url, vec![tool(&format!("{tools}{path}"), ToolMethod::Post)], false);
        let events = turn(&brain, "x").await;
        assert_eq!(failure(&events), None);
        let request = model.request(1);
        let result = request["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
        assert!(result.contains(told), "{path}: {result}");
    }
}

#[tokio::test]
async fn what_a_tool_said_is_known_in_later_turns() {
    let (_, tools) = tool_server().await;
    let (model, url) = Model::serve(vec![tool_call("lookup", r#"{"id":7}"#), speech(), speech()]).await;
    let brain = brain(&url, vec![tool(&format!("{tools}/post"), ToolMethod::Post)], false);
    turn(&brain, "How many?").await;
    let said = |role, text: &str| Said { role, text: text.to_owned(), at: at_noon() };
    let history = vec![said(Role::User, "How many?"), said(Role::Agent, "Let me look.")];
    let _: Vec<BrainEvent> = brain.reply(asking("Well?", history)).collect().await;
    let request = model.request(2);
    let roles: Vec<&str> =
        request["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "assistant", "user"]);
}

#[tokio::test]
async fn a_model_that_only_calls_tools_is_stopped() {
    let (model, url) = Model::serve(vec![tool_call("fly", "{}"); 10]).await;
    let events = turn(&brain(&url, vec![], false), "x").await;
    assert_eq!(failure(&events), Some("it only calls tools"));
    assert_eq!(model.requests.lock().unwrap().len(), MAX_ROUNDS + 1);
    assert!(model.request(MAX_ROUNDS).get("tools").is_none(), "the last round offers none");
}

#[tokio::test]
async fn an_interruption_ends_the_stream_but_not_the_tool() {
    let (log, tools) = tool_server().await;
    let (_, url) = Model::serve(vec![tool_call("lookup", r#"{"id":7}"#), speech()]).await;
    let brain = brain(&url, vec![tool(&format!("{tools}/post"), ToolMethod::Post)], false);
    let request = asking("x", Vec::new());
    let cancel = request.cancel.clone();
    let mut reply = brain.reply(request);
    while let Some(event) = reply.next().await {
        if matches!(&event, BrainEvent::Say(text) if text.contains("look")) {
            break;
        }
    }
    // One more step starts the tool; then the caller interrupts.
    let _ = tokio::time::timeout(Duration::from_millis(1), reply.next()).await;
    let _ = tokio::time::timeout(Duration::from_millis(1), reply.next()).await;
    cancel.cancel();
    let _: Vec<BrainEvent> = reply.collect().await;
    for _ in 0..100 {
        if !log.lock().unwrap().is_empty() && !brain.0.memory().rounds.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the tool did not run to its end");
}
