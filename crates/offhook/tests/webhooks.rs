//! `offhook webhooks`, on the real binary: watched, made up, forwarded, replayed.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]

#[path = "support/server.rs"]
mod server;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use server::{Db, KEY, Server};

/// Requests: their heads in lower case, and their bodies.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// A receiver that answers 200 to everything.
fn receiver() -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let noted = Arc::clone(&noted);
            std::thread::spawn(move || take(&stream, &noted));
        }
    });
    (url, seen)
}

/// One connection, one request.
fn take(stream: &TcpStream, noted: &Seen) {
    let mut lines = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    lines.read_exact(&mut body).unwrap();
    // The signature is base64, in which case matters: the head is kept as it came, too.
    noted.lock().unwrap().push((head, String::from_utf8(body).unwrap()));
    let mut stream = stream;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let found = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}: ")));
    found.unwrap_or_else(|| panic!("no {name} in {head}")).split_once(": ").unwrap().1
}

fn offhook(server: &Server, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    command
        .arg("webhooks")
        .args(arguments)
        .env("OFFHOOK__DATA_DIR", server.dir.path())
        .env("OFFHOOK_URL", server.url(""))
        .env("OFFHOOK_API_KEY", KEY);
    command
}

/// Runs to its end: whether it was a success, and what it printed.
fn run(server: &Server, arguments: &[&str]) -> (bool, Value) {
    let output = offhook(server, arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    (output.status.success(), serde_json::from_str(&text).unwrap_or_else(|_| json!({"said": said})))
}

/// Begins to watch; returns once it does.
fn tail(server: &Server, arguments: &[&str]) -> (Child, BufReader<ChildStdout>) {
    let mut child = offhook(server, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.starts_with("watching"), "{line}");
    std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

fn next(lines: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn events_are_made_up_watched_forwarded_and_sent_again() {
    let server = Server::start(Db::Sqlite, &[]);
    let (hook, told) = receiver();
    let (local, forwarded) = receiver();
    let secret = server.post("/v1/webhooks", &json!({"url": hook}))["secret"].as_str().unwrap().to_owned();
    let (mut child, mut lines) = tail(&server, &["tail", "--json", "--forward", &local]);

    for event in ["message", "call_ended", "reaction", "contact_shared"] {
        let (delivered, made) = run(&server, &["trigger", event, "--json", "--message", "Grüße"]);
        assert!(delivered, "{made}");
        let seen = next(&mut lines);
        assert_eq!((&seen["id"], &seen["event"]), (&made["id"], &json!(format!("agent.{event}"))));
        assert_eq!((&seen["httpStatus"], &seen["endpointState"]), (&json!(200), &json!("ok")));
        assert_eq!(seen["forwarded"]["status"], 200);
        let (head, body) = forwarded.lock().unwrap().last().unwrap().clone();
        assert_eq!(body, told.lock().unwrap().last().unwrap().1, "the very body");
        let timestamp = header(&head, "x-webhook-timestamp").parse().unwrap();
        assert_eq!(
            header(&head, "x-webhook-signature"),
            offhook_voice::sign::sign(&secret, timestamp, body.as_bytes())
        );
        assert_eq!(header(&head, "webhook-id"), made["id"].as_str().unwrap());
    }

    let id = told.lock().unwrap().first().map(|(head, _)| header(head, "x-webhook-id").to_owned()).unwrap();
    let (replayed, _) = run(&server, &["replay", &id, "--json"]);
    assert!(replayed);
    let seen = next(&mut lines);
    assert_eq!((&seen["id"], &seen["attempt"]), (&json!(id), &json!(2)));
    let (_, span) =
        run(&server, &["replay", "--since", "1h", "--state", "success", "--event", "reaction", "--json"]);
    assert_eq!(span["replayed"], 1);
    assert_eq!(next(&mut lines)["event"], "agent.reaction");

    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "Ctrl-C is a clean end");
}

#[test]
fn what_is_wrong_is_said() {
    let server = Server::start(Db::Sqlite, &[]);
    let said = |arguments: &[&str]| {
        let (success, said) = run(&server, arguments);
        assert!(!success);
        said["said"].as_str().unwrap().to_owned()
    };
    assert!(said(&["trigger", "message"]).contains("Webhook not found"));
    assert!(said(&["replay", "nothing"]).contains("Delivery not found"));
    assert!(said(&["replay"]).contains("--since"));
    assert!(said(&["replay", "--since", "yesterday"]).contains("yesterday"));
    assert!(said(&["tail", "--key", "sk_live_wrong"]).contains("401"));
    assert!(said(&["trigger", "message", "--url", "http://127.0.0.1:9"]).contains("no answer"));
}
