//! The operator's interface, on the real binary.

#[path = "serve/backup.rs"]
mod backup;
#[path = "support/server.rs"]
mod server;

use std::process::Command;

use serde_json::{Value, json};
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
fn credit_is_added_on_the_command_line_and_seen_by_the_server() {
    let server = Server::start(Db::Sqlite, &[("BILLING__ENABLED", "true")]);
    let billing = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_offhook"))
            .arg("billing")
            .args(args)
            .env("OFFHOOK__DATA_DIR", server.dir.path())
            .env("OFFHOOK__BILLING__ENABLED", "true")
            .output()
            .expect("the binary runs");
        (output.status.success(), String::from_utf8(output.stdout).expect("text"))
    };
    let (_, made) = billing(&["credit", "--amount", "9.5", "--note", "test", "--json"]);
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    assert_eq!(made["balance"], "9.50");
    let id = made["accountId"].as_str().unwrap();
    assert_eq!(billing(&["credit", "--amount", "-0.25", "--account", id]), (true, format!("{id}  9.25\n")));
    assert_eq!(billing(&["show"]), (true, format!("{id}  9.25\n")));
    for args in [["credit", "--amount", "much"], ["show", "--account", "acct_none"]] {
        assert!(!billing(&args).0, "{args:?}");
    }
    let shown = server.get("/offhook/v1/billing");
    assert_eq!(
        (&shown["enabled"], &shown["balance"]),
        (&serde_json::json!(true), &serde_json::json!("9.25"))
    );
}

#[test]
fn the_audit_log_of_a_running_server_is_intact() {
    let server = Server::start(Db::Sqlite, &[]);
    let offhook = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_offhook"))
            .args(args)
            .env("OFFHOOK__DATA_DIR", server.dir.path())
            .output()
            .expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    offhook(&["keys", "create", "--name", "ci"]);
    let chains: serde_json::Value = serde_json::from_str(&offhook(&["audit", "verify", "--json"])).unwrap();
    assert_eq!(chains.as_array().unwrap().len(), 1);
    assert_eq!(chains[0]["entries"], 2, "the first start's key, and ours");
    assert_eq!(chains[0]["fault"], serde_json::Value::Null);
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
    // A server trusts a key for a second before it looks it up again.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while status(key) != 401 {
        assert!(std::time::Instant::now() < deadline, "a revoked key still works after five seconds");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(status("sk_live_wrong"), 401);
}

/// A command of the operator on the server's database; what it printed as JSON.
fn operator(server: &Server, arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_offhook"))
        .args(arguments)
        .env("OFFHOOK__DATA_DIR", server.dir.path())
        .output()
        .expect("the offhook binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

#[test]
fn the_operator_approves_what_a_number_waits_for() {
    let settings = [("REGISTRATION__REQUIRED", "on"), ("REGISTRATION__PROPAGATION", "0s")];
    let server = Server::start(Db::Sqlite, &settings);
    let path = format!("/v1/numbers/{}", server.post("/v1/numbers", &json!({}))["id"].as_str().unwrap());
    assert_eq!(server.get(&path)["outboundSms"], "registration_required");
    server.post(
        "/v1/register",
        &json!({
            "registration_type": "sole_proprietor", "first_name": "Ada", "last_name": "Byron",
            "email": "ada@example.com", "phone_number": "+14155550123", "street_address": "1 Main St",
            "city": "Oakland", "state": "CA", "zip_code": "94607",
            "description": "Appointment reminders for customers of our repair shop.",
            "use_cases": ["customer_care"],
            "message_samples": ["Byron Repair: your visit is tomorrow.", "Byron Repair: your bike is ready."],
            "consent_flow": "Customers tick a consent box when booking on our site.",
            // Nobody listens there: accepted, and noted.
            "opt_in_image_url": "http://127.0.0.1:9/optin.png", "create_sub_account": false,
        }),
    );
    let waiting = operator(&server, &["registrations", "list", "--json"]);
    assert_eq!((&waiting[0]["status"], &waiting[0]["imageSeen"]), (&json!("pending"), &json!(false)));
    let id = waiting[0]["id"].as_str().unwrap();
    operator(&server, &["registrations", "approve", id]);
    assert_eq!(server.get(&path)["outboundSms"], "enabled");
    operator(&server, &["registrations", "reject", id, "--reason", "The picture is gone."]);
    assert_eq!(server.get(&path)["outboundSms"], "registration_required");
    assert_eq!(server.get("/v1/register/status")["message"], "Rejected: The picture is gone.");
}

#[test]
fn a_newcomer_signs_up_with_the_code_in_the_data_directory() {
    let server = Server::start(Db::Sqlite, &[]);
    let begun = server.post("/v0/agent/sign-up", &json!({"human_email": "ada@example.com"}));
    let id = begun["verification_id"].as_str().unwrap();
    let mail = std::fs::read_to_string(server.dir.path().join(format!("mail/{id}.eml"))).unwrap();
    let code = &mail[mail.find("Your code is ").unwrap() + 13..][..6];
    let made = server.post("/v0/agent/verify", &json!({"verification_id": id, "otp_code": code}));
    assert!(made["phone_number"].as_str().unwrap().starts_with("+1"));
    server.post("/v1/feedback", &json!({"category": "praise", "note": "It rings."}));
    let feedback = operator(&server, &["feedback", "list", "--json"]);
    assert_eq!(feedback[0]["note"], "It rings.");
}
