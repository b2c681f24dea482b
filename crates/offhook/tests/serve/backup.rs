//! `offhook backup` and `offhook restore`, and one server per data directory.

use std::{
    path::Path,
    process::{Command, Output},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};

use crate::server::{Db, KEY, Server};

fn offhook(data_dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(arguments)
        .env("OFFHOOK__DATA_DIR", data_dir)
        .output()
        .expect("the offhook binary runs")
}

#[track_caller]
fn refused(output: &Output, because: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(because), "{said}");
}

#[track_caller]
fn done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Makes agents until told to stop.
fn write_on(server: &Server, stop: &Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let (url, stop) = (server.url("/v1/agents"), Arc::clone(stop));
    std::thread::spawn(move || {
        let client = reqwest::blocking::Client::new();
        while !stop.load(Ordering::SeqCst) {
            let made = client.post(&url).bearer_auth(KEY).json(&json!({"name": "Later"})).send();
            assert!(made.expect("the server answers").status().is_success());
        }
    })
}

#[test]
fn a_backup_made_while_serving_brings_everything_acknowledged_back() {
    let mut server = Server::start(Db::Sqlite, &[]);
    let data = server.dir.path().to_owned();
    let outside = tempfile::tempdir().expect("a directory");
    let to = outside.path().join("backup");
    let path = to.to_str().expect("UTF-8");
    for n in 0..20 {
        server.post("/v1/agents", &json!({"name": format!("Before {n}")}));
    }
    let recording = data.join("blobs/call_1.wav");
    std::fs::create_dir_all(data.join("blobs/media")).expect("made");
    std::fs::write(&recording, vec![7; 300_000]).expect("written");
    std::fs::write(data.join("blobs/media/med_1"), "picture").expect("written");

    let stop = Arc::new(AtomicBool::new(false));
    let writing = write_on(&server, &stop);
    done(&offhook(&data, &["backup", "--to", path]));
    stop.store(true, Ordering::SeqCst);
    writing.join().expect("writing went well");
    refused(&offhook(&data, &["backup", "--to", path]), "exists and is not empty");
    refused(&offhook(&data, &["restore", "--from", path]), "another Offhook uses");

    // What is damaged is not put back, whatever it is.
    assert_eq!(server.stop(), Some(0));
    let copy = to.join("blobs/call_1.wav");
    let good = std::fs::read(&copy).expect("copied");
    let mut bad = good.clone();
    bad[123_456] ^= 1;
    std::fs::write(&copy, bad).expect("written");
    refused(&offhook(&data, &["restore", "--from", path, "--force"]), "blobs/call_1.wav has changed");
    std::fs::write(&copy, good).expect("written");
    refused(&offhook(&data, &["restore", "--from", path]), "with --force it is set aside");

    // Into an empty directory, and over what is there.
    let fresh = outside.path().join("fresh");
    done(&offhook(&fresh, &["restore", "--from", path]));
    assert_eq!(std::fs::read(fresh.join("blobs/media/med_1")).expect("restored"), b"picture");
    std::fs::remove_file(&recording).expect("removed");
    done(&offhook(&data, &["restore", "--from", path, "--force"]));
    assert_eq!(std::fs::read(&recording).expect("restored").len(), 300_000);
    let aside = std::fs::read_dir(&data).expect("listed").flatten();
    let aside =
        aside.filter(|entry| entry.file_name().to_string_lossy().starts_with("offhook.db.before-restore"));
    assert!(aside.count() >= 1, "the old database is kept");

    server.start_again();
    let agents = server.get("/v1/agents?limit=100");
    let names: Vec<&str> = agents["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|agent| agent["name"].as_str())
        .collect();
    let total = agents["total"].as_u64().unwrap_or(names.len() as u64);
    assert!(total >= 20, "{agents:#}");
    let chains = offhook(&data, &["audit", "verify", "--json"]);
    done(&chains);
    let chains: Value = serde_json::from_slice(&chains.stdout).expect("JSON");
    assert_eq!(chains[0]["fault"], Value::Null);
}

#[test]
fn a_directory_that_is_no_backup_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let from = dir.path().join("nothing");
    let path = from.to_str().expect("UTF-8");
    refused(&offhook(dir.path(), &["restore", "--from", path]), "is not a whole backup");
    std::fs::create_dir_all(&from).expect("made");
    let manifest = json!({
        "format": 1, "version": "0", "madeAt": "2025-01-01T00:00:00Z", "schema": 1,
        "files": [{"path": "offhook.db", "bytes": 0, "sha256": ""}, {"path": "../escape", "bytes": 0, "sha256": ""}],
    });
    std::fs::write(from.join("manifest.json"), manifest.to_string()).expect("written");
    refused(&offhook(dir.path(), &["restore", "--from", path]), "is not a whole backup");
    let postgres = Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(["backup", "--to", path])
        .env("OFFHOOK__DATA_DIR", dir.path())
        .env("OFFHOOK__STORE__URL", "postgres://somewhere/else")
        .output();
    refused(&postgres.expect("the binary runs"), "pg_dump");
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let server = Server::start(Db::Sqlite, &[]);
    let start = |data_dir: &Path, url: Option<String>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
        command.arg("serve").env("OFFHOOK__DATA_DIR", data_dir);
        for key in ["HTTP", "SIP"] {
            command.env(format!("OFFHOOK__{key}__LISTEN"), "127.0.0.1:0");
        }
        command.envs(url.map(|url| ("OFFHOOK__STORE__URL", url))).output().expect("the binary runs")
    };
    refused(&start(server.dir.path(), None), "another Offhook uses");
    let elsewhere = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite://{}/offhook.db", server.dir.path().display());
    refused(&start(elsewhere.path(), Some(url)), "offhook.db");
    assert_eq!(server.get("/readyz")["status"], "ready");
}
