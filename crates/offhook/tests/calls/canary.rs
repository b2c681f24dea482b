//! Marked secrets go through everything the server does, at the most talkative
//! log level, and are looked for afterwards wherever somebody might read.

use std::{fmt::Write as _, process::Command};

use offhook_testkit::doubles::{
    chat::{ChatReply, ChatScript},
    webhook::WebhookReply,
};
use serde_json::{Value, json};

use crate::{
    server::{Db, KEY},
    stage::{CALLER, HOURS, SOON, Stage},
};

const LLM_KEY: &str = "canary-llm-7d1f";
const STT_KEY: &str = "canary-stt-88ae";
const TTS_KEY: &str = "canary-tts-c0de";
const HANDSET: &str = "canary-handset-51b7";
const HEADER: &str = "canary-header-e4f2";
const MASTER: &str = "Y2FuYXJ5LW1hc3Rlci1rZXktZm9yLXRoZS10ZXN0ISE=";
const WRONG_KEY: &str = "sk_live_canary_wrong_9c41";
/// What the agent says, and what somebody texts.
const ANSWER: &str = "We open the pumpernickel counter at nine.";
const TEXT: &str = "Do you have pumpernickel";
const PROMPT: &str = "You are the canaryprompt of a bakery.";

const SETTINGS: [(&str, &str); 6] = [
    ("LLM__API_KEY", LLM_KEY),
    ("STT__API_KEY", STT_KEY),
    ("TTS__API_KEY", TTS_KEY),
    ("SIM__HANDSET_PASSWORD", HANDSET),
    ("SECRETS__MASTER_KEY", MASTER),
    ("LOG__LEVEL", "trace"),
];

/// A place somebody may read.
struct Place {
    name: &'static str,
    text: String,
}

impl Place {
    /// Everything of `needles` that is in it, with what stands around.
    fn leaks(&self, needles: &[(&str, String)], report: &mut String) {
        for (what, needle) in needles {
            for (at, _) in self.text.match_indices(needle.as_str()).take(3) {
                let start = self.text[..at].rfind('\n').map_or(0, |line| line + 1);
                let end = self.text[at..].find('\n').map_or(self.text.len(), |line| at + line);
                let line: String = self.text[start..end].chars().take(400).collect();
                let _ = writeln!(report, "{what} in {}: {line}", self.name);
            }
        }
    }
}

/// What a command of the same installation prints.
fn printed(stage: &Stage, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(arguments)
        .env("OFFHOOK__DATA_DIR", stage.server.dir.path())
        .env("OFFHOOK__AUTH__BOOTSTRAP_KEY", KEY)
        .envs(SETTINGS.map(|(key, value)| (format!("OFFHOOK__{key}"), value)))
        .env("OFFHOOK__LLM__BASE_URL", stage.chat.base_url())
        .env("OFFHOOK__LLM__BALANCED", "double")
        .output()
        .unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// Everything under the data directory as it lies on the disk, but the log, and
/// what the tests have the simulated phones write down of what reached them.
fn disk(stage: &Stage) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(stage.server.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && !path.ends_with("server.log") && !path.ends_with("arrivals.jsonl") {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
            all.push('\n');
        }
    }
    all
}

/// A call in which the model uses a tool, deliveries that succeed and fail, texts,
/// codes, trunks, wrong keys, refusals. The secrets that came of it.
async fn live(stage: &Stage) -> Vec<(&'static str, String)> {
    let webhook_secret = stage.account_webhook().await;
    stage.hook.then(WebhookReply::status(500));
    let tool = json!({
        "name": "look_up", "description": "Looks something up.", "url": stage.hook.url(), "method": "POST",
        "headers": {"Authorization": format!("Bearer {HEADER}")},
    });
    let agent = stage.agent(&json!({"systemPrompt": PROMPT, "customTools": [tool]})).await;
    let mut call = stage.greeted(&agent).await;
    stage.ask(&mut call, HOURS).await;
    let id = stage.latest().await;
    call.hang_up().await;
    stage.ended(&id, SOON).await;
    stage.hook.event("agent.call_ended", SOON).await.unwrap();

    let message = json!({"from": CALLER, "to": agent.number, "body": TEXT});
    stage.post("/offhook/v1/sim/messages", &message).await;
    let reply = json!({"agent_id": agent.id, "to_number": CALLER, "body": ANSWER});
    stage.post("/v1/messages", &reply).await;

    let trunk = stage.post("/v1/sip-trunks", &json!({"name": "pbx"})).await;
    let password = find(&trunk, "password").expect("the password is shown once");
    let sent = stage.post("/v1/verify/send", &json!({"phone_number": CALLER})).await;
    let inbox = format!("/offhook/v1/sim/handsets/{}/messages", CALLER.replace('+', "%2B"));
    let texts = stage.poll(&inbox, SOON, |texts| texts.to_string().contains("verification code")).await;
    let code = code_in(&texts.to_string());
    let wrong = json!({"verification_id": sent["verification_id"], "code": "000000"});
    stage.post("/v1/verify/check", &wrong).await;
    let right = json!({"verification_id": sent["verification_id"], "code": code});
    stage.post("/v1/verify/check", &right).await;
    vec![
        ("webhook secret", webhook_secret),
        ("trunk password", password),
        ("one-time code", format!("code is {code}")),
    ]
}

/// The value of the first key of this name, however deep.
fn find(value: &Value, key: &str) -> Option<String> {
    match value {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| match value.as_str() {
            Some(text) if name == key => Some(text.to_owned()),
            _ => find(value, key),
        }),
        Value::Array(items) => items.iter().find_map(|item| find(item, key)),
        _ => None,
    }
}

/// The six digits of "Your verification code is 123456."
fn code_in(texts: &str) -> String {
    let (_, rest) = texts.split_once("verification code is ").unwrap();
    rest.chars().take_while(char::is_ascii_digit).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_where_somebody_might_read_it() {
    let script = ChatScript::default()
        .when("opening hours", ChatReply::tool("look_up", json!({"what": "hours"})))
        .then(ChatReply::say(ANSWER));
    let stage = Stage::start(Db::Sqlite, script, &SETTINGS).await;
    let made = live(&stage).await;
    let mut refusals = String::new();
    for (key, path, body) in [
        (WRONG_KEY, "/v1/agents", json!({"name": "x"})),
        (
            KEY,
            "/v1/agents",
            json!({"name": 7, "customTools": [{"headers": {"Authorization": HEADER}, "url": "http://10.0.0.1"}]}),
        ),
        (KEY, "/v1/webhooks", json!({"url": "https://169.254.169.254/"})),
        (KEY, "/v1/messages", json!({"body": TEXT, "to_number": CALLER, "number_id": "num_none"})),
        (KEY, "/v1/verify/check", json!({"verification_id": "ver_none", "code": "123456"})),
    ] {
        refusals.push_str(&stage.refused("POST", path, key, &body).await);
        refusals.push('\n');
    }

    let api = async |path: &str| stage.get(path).await.to_string();
    let places = [
        Place { name: "the log", text: stage.server.log() },
        Place { name: "/metrics", text: stage.fetch("/metrics", &[]).await.text().await.unwrap() },
        Place { name: "refusals", text: refusals },
        Place { name: "the audit log", text: api("/offhook/v1/audit?limit=200").await },
        Place { name: "deliveries", text: api("/v1/webhooks/deliveries?limit=100").await },
        Place { name: "what receivers got", text: received(&stage) },
        Place { name: "config show", text: printed(&stage, &["config", "show"]) },
        Place { name: "doctor --json", text: printed(&stage, &["doctor", "--json"]) },
        Place { name: "secrets status", text: printed(&stage, &["secrets", "status"]) },
        Place { name: "the data directory", text: disk(&stage) },
    ];
    assert!(places[0].text.contains("TRACE"), "the log is as talkative as can be");
    assert!(places[8].text.contains("webhooks.secret"), "{}", places[8].text);

    let mut secrets: Vec<(&str, String)> = vec![
        ("API key", KEY.to_owned()),
        ("wrong API key", WRONG_KEY.to_owned()),
        ("LLM key", LLM_KEY.to_owned()),
        ("STT key", STT_KEY.to_owned()),
        ("TTS key", TTS_KEY.to_owned()),
        ("handset password", HANDSET.to_owned()),
        ("master key", MASTER.to_owned()),
        ("tool header", HEADER.to_owned()),
    ];
    secrets.extend(made);
    let words: Vec<(&str, String)> = vec![
        ("caller's number", CALLER.trim_start_matches('+').to_owned()),
        ("caller's words", "opening hours".to_owned()),
        ("agent's words", "pumpernickel".to_owned()),
        ("prompt", "canaryprompt".to_owned()),
    ];
    let mut report = String::new();
    for place in &places {
        place.leaks(&secrets, &mut report);
    }
    for place in &places[..2] {
        place.leaks(&words, &mut report);
    }
    places[3].leaks(&words, &mut report);
    assert!(report.is_empty(), "{report}");
}

/// Bodies and headers of deliveries; the tool's own header is for the tool.
fn received(stage: &Stage) -> String {
    let mut all = String::new();
    for request in stage.hook.journal().requests() {
        if request.header("x-webhook-id").is_some() {
            let _ = writeln!(all, "{request:?} {}", request.json());
        }
    }
    assert!(!all.is_empty(), "something was delivered");
    all
}
