//! A trunk behind a real proxy: Kamailio asks for the password and stays on
//! the path.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]

#[path = "support/server.rs"]
mod server;

use std::{
    net::UdpSocket,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;
use server::{Db, Server, tests_dir};

/// Kamailio as a carrier's proxy; dropped, it is stopped.
struct Proxy {
    child: Child,
    port: u16,
    dir: tempfile::TempDir,
}

impl Proxy {
    /// Passes calls on to this port of this machine.
    fn start(target: u16) -> Self {
        let (port, dir) = (free_port(), tempfile::tempdir().unwrap());
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let child = Command::new("kamailio")
            .args(["-DD", "-E", "-m", "16", "-M", "4", "-n", "1"])
            .args(["-f".as_ref(), tests_dir().join("kamailio/carrier.cfg").as_os_str()])
            .args(["-Y".as_ref(), dir.path().as_os_str()])
            .args([
                "-l",
                &format!("udp:127.0.0.1:{port}"),
                "-A",
                &format!("TARGET=\"sip:127.0.0.1:{target}\""),
            ])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("kamailio is installed (scripts/setup test)");
        let proxy = Self { child, port, dir };
        proxy.wait_until_it_answers();
        proxy
    }

    /// Any answer will do.
    fn wait_until_it_answers(&self) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let here = socket.local_addr().unwrap();
        let ping = format!(
            "OPTIONS sip:127.0.0.1:{} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKping\r\nFrom: <sip:a@{here}>;tag=1\r\n\
             To: <sip:b@{here}>\r\nCall-ID: ping\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            self.port
        );
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(15) {
            let _ = socket.send_to(ping.as_bytes(), ("127.0.0.1", self.port));
            if socket.recv(&mut [0; 2048]).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("kamailio does not answer:\n{}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // SIGTERM, so that the main process ends its workers.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_call_leaves_through_a_proxy_that_asks_for_the_password_and_stays_on_the_path() {
    let target = free_port();
    let proxy = Proxy::start(target);
    let config = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    let trunk = format!(
        "[[trunks]]\nname = \"t\"\nuri = \"sip:carrier.test\"\nproxy = \"sip:127.0.0.1:{}\"\n\
         username = \"offhook\"\npassword = \"secret\"\n",
        proxy.port
    );
    std::fs::write(config.path(), trunk).unwrap();
    let server = Server::start_with_file(Db::Sqlite, &[("SIM__ENABLED", "on")], config.path());
    let agent = server.post(
        "/v1/agents",
        &json!({"name": "Caller", "voiceMode": "hosted", "systemPrompt": "We are open.", "beginMessage": "Hello."}),
    );
    server.post("/v1/numbers", &json!({"areaCode": "415", "agentId": agent["id"]}));

    let dir = tempfile::tempdir().unwrap();
    let mut callee = Command::new("sipp")
        .args(["-sf".as_ref(), tests_dir().join("sipp/routed_target.xml").as_os_str()])
        .args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-nostdin", "-trace_err", "-timeout_error"])
        .args(["-p", &target.to_string(), "-m", "1", "-timeout", "30"])
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sipp is installed (scripts/setup test)");
    let call = server.post("/v1/calls", &json!({"agentId": agent["id"], "toNumber": "+12125550123"}));
    let path = format!("/v1/calls/{}", call["id"].as_str().unwrap());
    server.poll(&path, Duration::from_secs(20), |call| {
        call["transcripts"].as_array().is_some_and(|rows| !rows.is_empty())
    });
    server.post(&format!("{path}/end"), &json!({}));
    let call = server.poll(&path, Duration::from_secs(10), |call| call["status"] != "in-progress");
    assert_eq!((&call["status"], &call["disconnectionReason"]), (&json!("completed"), &json!("api_hangup")));
    let status = callee.wait().unwrap();
    let errors = || {
        let files = std::fs::read_dir(dir.path()).unwrap().flatten();
        files.map(|file| std::fs::read_to_string(file.path()).unwrap_or_default()).collect::<String>()
    };
    assert!(status.success(), "sipp ended with {status}\n{}\n{}", errors(), proxy.log());
}
