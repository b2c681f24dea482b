//! The official Python client, unmodified, against the real binary.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]

#[path = "support/server.rs"]
mod server;

use std::{
    io::{Read, Write},
    net::TcpListener,
    path::PathBuf,
    process::Command,
};

use server::{Db, KEY, Server, tests_dir};

/// A webhook that answers every request with 200.
fn agreeable_webhook() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut stream = stream;
                let mut request = [0_u8; 65_536];
                let _ = stream.read(&mut request);
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
            });
        }
    });
    url
}

fn run(db: Db) {
    let home = std::env::var("HOME").unwrap_or_default();
    let venv = std::env::var("OFFHOOK_PYTHON_CLIENT")
        .unwrap_or_else(|_| format!("{home}/.cache/offhook/python-client-0.20.3"));
    let python = PathBuf::from(venv).join("bin/python");
    assert!(python.exists(), "the Python client is missing; run scripts/setup test");
    let server = Server::start(db, &[]);
    let output = Command::new(python)
        .arg(tests_dir().join("clients/python_client.py"))
        .args([&server.url(""), KEY, &agreeable_webhook()])
        .output()
        .expect("python runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("methods of agentphone 0.20.3 behave"), "{said}");
}

#[test]
fn the_official_python_client_works_on_sqlite() {
    run(Db::Sqlite);
}

#[test]
fn the_official_python_client_works_on_postgresql() {
    run(Db::Postgres);
}
