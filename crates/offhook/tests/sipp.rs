//! SIPp as the other party: a peer that does exactly what its scenario says.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]

#[path = "support/server.rs"]
mod server;

use std::{
    net::{SocketAddr, UdpSocket},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use server::{Db, Server, tests_dir};

/// An agent that greets at once, with a number; returns the number.
fn agent(server: &Server, extra: &Value) -> (String, String) {
    let mut body = json!({
        "name": "SIPp's agent", "voiceMode": "hosted",
        "systemPrompt": "We are open from nine to five.", "beginMessage": "Hello.",
    });
    for (key, value) in extra.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let agent = server.post("/v1/agents", &body);
    let number = server.post("/v1/numbers", &json!({"areaCode": "415", "agentId": agent["id"]}));
    (agent["id"].as_str().unwrap().to_owned(), number["phoneNumber"].as_str().unwrap().to_owned())
}

/// SIPp, ready to run against the server in a directory of its own.
fn sipp(scenario: &str, target: SocketAddr, dir: &Path) -> Command {
    let mut command = Command::new("sipp");
    command
        .args(["-sf".as_ref(), tests_dir().join(format!("sipp/{scenario}.xml")).as_os_str()])
        .args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin", "-trace_err", "-timeout_error"])
        .arg(target.to_string())
        .current_dir(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A settings file with one trunk, to this port of this machine.
fn trunk(port: u16) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    let trunk = format!(
        "[[trunks]]\nname = \"t\"\nuri = \"sip:127.0.0.1:{port}\"\nusername = \"offhook\"\npassword = \"secret\"\n"
    );
    std::fs::write(file.path(), trunk).unwrap();
    file
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Runs it to its end and shows what it complained about.
fn succeed(command: &mut Command, dir: &Path, server: &Server) {
    let status = command.status().expect("sipp is installed (scripts/setup test)");
    if !status.success() {
        let mut said = String::new();
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            if entry.path().to_string_lossy().ends_with("_errors.log") {
                said += &std::fs::read_to_string(entry.path()).unwrap_or_default();
            }
        }
        let said: String = said.lines().take(60).collect::<Vec<_>>().join("\n");
        panic!("{command:?} ended with {status}\n{said}\n--- server ---\n{}", server.log());
    }
}

fn call(scenario: &str, more: &[&str]) {
    let server = Server::start(Db::Sqlite, &[("SIP__ANSWER_AFTER", "0s")]);
    let (_, number) = agent(&server, &json!({}));
    let dir = tempfile::tempdir().unwrap();
    succeed(
        sipp(scenario, server.sip, dir.path()).args(["-s", &number, "-m", "1", "-timeout", "30"]).args(more),
        dir.path(),
        &server,
    );
    let calls =
        server.poll("/v1/calls", Duration::from_secs(10), |calls| calls["data"][0]["status"] == "completed");
    assert_eq!(calls["total"], 1);
    let log = server.log();
    assert!(!log.contains(&number[2..]) && !log.contains("4155550188"), "numbers are logged:\n{log}");
}

#[test]
fn a_call_over_udp_is_answered_and_ended() {
    call("answer", &[]);
}

#[test]
fn a_call_over_tcp_is_answered_and_ended() {
    call("answer", &["-t", "t1"]);
}

#[test]
fn hold_and_resume_by_reinvite_are_mirrored() {
    call("hold", &[]);
}

#[test]
fn a_caller_who_gives_up_while_it_rings_gets_487() {
    let server = Server::start(Db::Sqlite, &[("SIP__ANSWER_AFTER", "5s")]);
    let (_, number) = agent(&server, &json!({}));
    let dir = tempfile::tempdir().unwrap();
    succeed(
        sipp("cancel", server.sip, dir.path()).args(["-s", &number, "-m", "1", "-timeout", "20"]),
        dir.path(),
        &server,
    );
    let calls =
        server.poll("/v1/calls", Duration::from_secs(10), |calls| calls["data"][0]["status"] == "failed");
    let id = calls["data"][0]["id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/v1/calls/{id}"))["disconnectionReason"], "caller_cancelled");
}

#[test]
fn a_carrier_that_asks_for_the_password_gets_it() {
    let port = free_port();
    let config = trunk(port);
    let server = Server::start_with_file(Db::Sqlite, &[("SIM__ENABLED", "on")], config.path());
    let (id, _) = agent(&server, &json!({}));
    let dir = tempfile::tempdir().unwrap();
    let carrier = sipp("carrier_407", server.sip, dir.path())
        .args(["-p", &port.to_string(), "-m", "1", "-timeout", "30"])
        .spawn()
        .expect("sipp is installed");
    let call = server.post("/v1/calls", &json!({"agentId": id, "toNumber": "+12125550123"}));
    let call = call["id"].as_str().unwrap().to_owned();
    server.poll(&format!("/v1/calls/{call}"), Duration::from_secs(20), |call| {
        call["transcripts"].as_array().is_some_and(|rows| !rows.is_empty())
    });
    server.post(&format!("/v1/calls/{call}/end"), &json!({}));
    ended_well(carrier, Duration::from_secs(20), &server);
    let call = server
        .poll(&format!("/v1/calls/{call}"), Duration::from_secs(10), |call| call["status"] != "in-progress");
    assert_eq!((&call["status"], &call["disconnectionReason"]), (&json!("completed"), &json!("api_hangup")));
}

/// An agent whose webhook transfers every caller to this number at once.
fn transferring_agent(server: &Server, to: &str) -> String {
    let settings =
        json!({"voiceMode": "webhook", "systemPrompt": null, "beginMessage": null, "transferNumber": to});
    let (id, number) = agent(server, &settings);
    server.post(&format!("/v1/agents/{id}/webhook"), &json!({"url": transferring_webhook()}));
    number
}

fn ended_by_transfer(server: &Server) {
    let calls =
        server.poll("/v1/calls", Duration::from_secs(10), |calls| calls["data"][0]["status"] == "completed");
    let id = calls["data"][0]["id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/v1/calls/{id}"))["disconnectionReason"], "call_transfer");
}

#[test]
fn the_agent_hands_the_call_over_by_refer() {
    let server = Server::start(Db::Sqlite, &[]);
    let number = transferring_agent(&server, "+15005550001");
    let dir = tempfile::tempdir().unwrap();
    succeed(
        sipp("refer", server.sip, dir.path()).args(["-s", &number, "-m", "1", "-timeout", "30"]),
        dir.path(),
        &server,
    );
    ended_by_transfer(&server);
}

#[test]
fn a_caller_who_takes_no_refer_is_joined_with_the_target() {
    let port = free_port();
    let config = trunk(port);
    let server = Server::start_with_file(Db::Sqlite, &[("SIM__ENABLED", "on")], config.path());
    let number = transferring_agent(&server, "+12125550123");
    let dir = tempfile::tempdir().unwrap();
    let target = sipp("target", server.sip, dir.path())
        .args(["-p", &port.to_string(), "-m", "1", "-timeout", "30"])
        .spawn()
        .expect("sipp is installed");
    succeed(
        sipp("no_refer", server.sip, dir.path()).args(["-s", &number, "-m", "1", "-timeout", "30"]),
        dir.path(),
        &server,
    );
    ended_well(target, Duration::from_secs(10), &server);
    ended_by_transfer(&server);
}

#[test]
fn two_hundred_calls_a_second_without_media_all_succeed() {
    let server = Server::start(Db::Sqlite, &[("RECORDING__ENABLED", "false"), ("SIP__MAX_CALLS", "5000")]);
    let (_, number) = agent(&server, &json!({}));
    let dir = tempfile::tempdir().unwrap();
    succeed(
        sipp("brief", server.sip, dir.path())
            .args(["-s", &number, "-r", "200", "-m", "1000", "-l", "2000", "-timeout", "60"]),
        dir.path(),
        &server,
    );
    let done =
        server.poll("/v1/calls?status=completed", Duration::from_secs(30), |calls| calls["total"] == 1000);
    assert_eq!(done["total"], 1000);
    assert_eq!(server.get("/v1/calls")["total"], 1000, "one row for each call");
}

#[test]
fn fifty_calls_with_media_at_once_all_succeed() {
    let server = Server::start(Db::Sqlite, &[]);
    let (_, number) = agent(&server, &json!({}));
    let dir = tempfile::tempdir().unwrap();
    // A steady hum stands for speech; the point is the packets.
    let hum: Vec<u8> = (0..32_000_u32).map(|at| if at % 80 < 40 { 0x9e } else { 0x1e }).collect();
    std::fs::write(dir.path().join("caller.ulaw"), hum).unwrap();
    succeed(
        sipp("media", server.sip, dir.path())
            .args(["-s", &number, "-r", "25", "-m", "50", "-l", "50", "-timeout", "60"]),
        dir.path(),
        &server,
    );
    server.poll("/v1/calls?status=completed", Duration::from_secs(30), |calls| calls["total"] == 50);
}

/// SIPp in the background ends with success.
fn ended_well(mut child: Child, limit: Duration, server: &Server) {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "sipp ended with {status}\n{}", server.log());
            return;
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            panic!("sipp did not end within {limit:?}\n{}", server.log());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A webhook that answers every turn with a transfer.
fn transferring_webhook() -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0_u8; 65_536];
            let _ = stream.read(&mut request);
            let body = r#"{"text": "One moment.", "action": "transfer"}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}
