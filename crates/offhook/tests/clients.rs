//! The official clients, unmodified, against the real binary: every method of
//! every client, in the sequences of `tests/clients/`.
//!
//! A client that was installed with a method more than the scenarios call fails
//! by itself. What was proved is kept in `tests/clients/tables/` and printed by
//! the run; `OFFHOOK_BLESS=1` writes the tables anew.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "the run prints its table")]

#[path = "support/server.rs"]
mod server;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use server::{Db, KEY, Server, tests_dir};

#[test]
fn python_proves_every_method_on_sqlite() {
    run(Db::Sqlite, "python", |server, table| python("sync", server, table));
}

#[test]
fn python_proves_every_method_on_postgresql() {
    run(Db::Postgres, "python", |server, table| python("sync", server, table));
}

#[test]
fn asynchronous_python_proves_every_method() {
    run(Db::Postgres, "python-async", |server, table| python("async", server, table));
}

#[test]
fn typescript_proves_every_method() {
    run(Db::Sqlite, "typescript", typescript);
}

/// Runs a client's scenarios and compares what they proved with the kept table.
fn run(db: Db, name: &str, command: impl FnOnce(&Server, &Path) -> Command) {
    let server = Server::start(db, &[]);
    let table = server.dir.path().join("table.txt");
    let output = command(&server, &table).output().expect("the client's program runs");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let proved = std::fs::read_to_string(table).unwrap();
    let kept = tests_dir().join(format!("clients/tables/{name}.txt"));
    if std::env::var_os("OFFHOOK_BLESS").is_some() {
        std::fs::write(&kept, proved).unwrap();
        return;
    }
    let before = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(before == proved, "{} is out of date: run this test with OFFHOOK_BLESS=1", kept.display());
}

/// `kind` is `sync` or `async`.
fn python(kind: &str, server: &Server, table: &Path) -> Command {
    let python = installed("OFFHOOK_PYTHON_CLIENT", "python-client-0.20.3").join("bin/python");
    let mut command = Command::new(python);
    command.arg("-B").arg(tests_dir().join("clients/python/run.py")).arg(kind);
    command.args([&server.url(""), KEY]).arg(server.dir.path().join("mail")).arg(table);
    command
}

fn typescript(server: &Server, table: &Path) -> Command {
    let client = installed("OFFHOOK_TYPESCRIPT_CLIENT", "typescript-client-1.0.17");
    let mut command = Command::new("node");
    command.arg(tests_dir().join("clients/typescript/run.mjs")).arg(client);
    command.args([&server.url(""), KEY]).arg(table);
    command
}

/// Where `scripts/setup test` has put a client.
fn installed(variable: &str, directory: &str) -> PathBuf {
    let home = std::env::var("HOME").unwrap_or_default();
    let path = std::env::var(variable).unwrap_or_else(|_| format!("{home}/.cache/offhook/{directory}"));
    let path = PathBuf::from(path);
    assert!(path.exists(), "{} is missing; run scripts/setup test", path.display());
    path
}
