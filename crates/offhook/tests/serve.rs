//! The operator's interface, on the real binary.

#[path = "support/server.rs"]
mod server;

use std::process::Command;

use server::{Db, Server};

#[test]
fn serve_says_where_it_listens_is_healthy_and_stops_cleanly() {
    for db in [Db::Sqlite, Db::Postgres] {
        let mut server = Server::start(db, &[]);
        for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs/"] {
            let (status, body) = server.raw(|client| client.get(server.url(path)));
            assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        }
        let ready = server.get("/readyz");
        assert!(ready.to_string().contains("extractive"), "{ready}");
        assert_eq!(server.stop(), Some(0), "{db:?}");
    }
}

#[test]
fn every_fault_of_the_settings_is_said_at_once() {
    let output = Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(["config", "check"])
        .env("OFFHOOK__HTTP__LISTEN", "nowhere")
        .env("OFFHOOK__COLOUR__RED", "1")
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("http.listen") && said.contains("OFFHOOK__COLOUR__RED"), "{said}");
}

#[test]
fn keys_made_on_the_command_line_work_and_stop_working() {
    let server = Server::start(Db::Sqlite, &[]);
    let keys = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_offhook"))
            .arg("keys")
            .args(args)
            .env("OFFHOOK__DATA_DIR", server.dir.path())
            .output()
            .expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let made: serde_json::Value = serde_json::from_str(&keys(&["create", "--name", "ci", "--json"])).unwrap();
    let key = made["key"].as_str().unwrap();
    let status = |key: &str| server.raw(|client| client.get(server.url("/v1/agents")).bearer_auth(key)).0;
    assert_eq!(status(key), 200);
    assert!(!keys(&["list"]).contains(key), "the list must not show keys");
    keys(&["revoke", made["id"].as_str().unwrap()]);
    assert_eq!(status(key), 401);
    assert_eq!(status("sk_live_wrong"), 401);
}
