//! The API against its own description: Schemathesis generates requests from the
//! served `/openapi.json`, valid and invalid ones, and no answer may be a 5xx or
//! anything the document does not say.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]

#[path = "schemathesis/seed.rs"]
mod seed;
#[path = "support/server.rs"]
mod server;

use std::{path::PathBuf, process::Command};

use server::{Db, KEY, Server};

/// What is held against every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,ignored_auth,unsupported_method";

#[test]
fn generated_requests_find_no_fault_on_sqlite() {
    run(Db::Sqlite);
}

#[test]
fn generated_requests_find_no_fault_on_postgresql() {
    run(Db::Postgres);
}

fn run(db: Db) {
    let server = Server::start(db, &[]);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("schemathesis.toml"), seed::settings(&server)).unwrap();
    let output = Command::new(program())
        .current_dir(dir.path())
        .args(["run", &server.url("/openapi.json"), "--header", &format!("Authorization: Bearer {KEY}")])
        .args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS])
        // It answers when a real call is over: generated requests held three
        // quarters of the whole run. The clients' scenarios use it.
        .args(["--exclude-operation-id", "simulateCall"])
        // A stream without an end: each request would wait for its timeout.
        // The command line's tests read it.
        .args(["--exclude-operation-id", "streamDeliveries"])
        .args(["--max-examples", "3", "--seed", "20250115", "--no-shrink", "--continue-on-failure"])
        .args([
            "--suppress-health-check",
            "all",
            "--warnings",
            "off",
            "--no-color",
            "--request-timeout",
            "40",
        ])
        .output()
        .expect("Schemathesis runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Where `scripts/setup test` has put it.
fn program() -> PathBuf {
    let home = std::env::var("HOME").unwrap_or_default();
    let venv = std::env::var("OFFHOOK_SCHEMATHESIS")
        .unwrap_or_else(|_| format!("{home}/.cache/offhook/schemathesis-4.32.5"));
    let program = PathBuf::from(venv).join("bin/schemathesis");
    assert!(program.exists(), "{} is missing; run scripts/setup test", program.display());
    program
}
