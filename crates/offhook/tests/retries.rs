//! Keyed requests that a crash cuts off, and their retries (`docs/api.md`,
//! "Sending twice"): on the real binary, which a failpoint ends just before or
//! just after the commit of the effect.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]

#[path = "support/server.rs"]
mod server;

use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use serde_json::{Value, json};
use server::{Db, KEY, Server};

/// A process silent for that long has died; and some time to look.
const PATIENCE: Duration = Duration::from_secs(40);

/// An answer, if there was one.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    status: u16,
    is_replayed: bool,
    may_retry: bool,
    body: Value,
}

/// A keyed request whose process dies at a failpoint.
struct Case {
    /// The failpoint.
    dies: &'static str,
    path: &'static str,
    body: Value,
    /// Whether the effect was committed before the process died.
    is_done: bool,
}

fn post(server: &Server, client: &Client, case: &Case) -> Option<Answer> {
    let key = format!("{} {}", case.path, case.dies).replace(' ', "-");
    let request = client.post(server.url(case.path)).bearer_auth(KEY).header("idempotency-key", key);
    let response = request.json(&case.body).send().ok()?;
    Some(Answer {
        status: response.status().as_u16(),
        is_replayed: response.headers().contains_key("idempotency-replayed"),
        may_retry: response.headers().contains_key("retry-after"),
        body: response.json().ok()?,
    })
}

/// As many copies at once; their answers.
fn copies(server: &Server, client: &Client, case: &Case, count: usize) -> Vec<Answer> {
    std::thread::scope(|scope| {
        let posts: Vec<_> = (0..count).map(|_| scope.spawn(|| post(server, client, case))).collect();
        posts.into_iter().filter_map(|post| post.join().unwrap()).collect()
    })
}

#[test]
fn a_retry_after_a_crash_gets_the_same_answer_and_there_is_one_effect_on_sqlite() {
    a_retry_after_a_crash_gets_the_same_answer_and_there_is_one_effect(Db::Sqlite);
}

#[test]
fn a_retry_after_a_crash_gets_the_same_answer_and_there_is_one_effect_on_postgresql() {
    a_retry_after_a_crash_gets_the_same_answer_and_there_is_one_effect(Db::Postgres);
}

fn a_retry_after_a_crash_gets_the_same_answer_and_there_is_one_effect(db: Db) {
    let mut server = Server::start(db, &[]);
    let agent = server.post("/v1/agents", &json!({"name": "First"}));
    let line = server.post("/v1/numbers", &json!({"areaCode": "415", "agentId": agent["id"]}));
    let text = json!({"number_id": line["id"], "to_number": "+12125550177", "body": "once"});
    let call = json!({"agentId": agent["id"], "toNumber": "+15005550002", "systemPrompt": "Be brief."});
    let mut cases = Vec::new();
    for (path, body) in [
        ("/v1/messages", text),
        ("/v1/calls", call),
        ("/v1/agents", json!({"name": "Second"})),
        ("/v1/contacts", json!({"phoneNumber": "+12125550178", "name": "Ann"})),
    ] {
        for (dies, is_done) in [("keyed.commit:1", false), ("keyed.committed:1", true)] {
            // The same contact twice is a conflict.
            if path == "/v1/contacts" && !is_done {
                continue;
            }
            cases.push(Case { dies, path, body: body.clone(), is_done });
        }
    }
    // Its first commit says that the carrier is about to be asked, its second stores the number.
    let number = json!({"areaCode": "415"});
    cases.push(Case { dies: "keyed.commit:1", path: "/v1/numbers", body: number.clone(), is_done: false });
    cases.push(Case { dies: "keyed.committed:2", path: "/v1/numbers", body: number, is_done: true });

    let client = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    for case in &cases {
        server.kill();
        server.start_armed(Some(case.dies)).unwrap();
        let answers = copies(&server, &client, case, 50);
        assert!(server.dies_within(Duration::from_secs(20)), "{} {}", case.path, case.dies);
        assert!(answers.iter().all(|answer| answer.status == 409), "{}: {answers:?}", case.dies);
    }
    server.start_again();

    for case in &cases {
        // Where several processes share a database, the dead one must be known to be dead.
        let start = Instant::now();
        let mut answers = copies(&server, &client, case, 50);
        while answers.iter().all(|answer| answer.status == 409 && answer.may_retry) {
            assert!(start.elapsed() < PATIENCE, "{} {}: {answers:?}", case.path, case.dies);
            std::thread::sleep(Duration::from_millis(300));
            answers = copies(&server, &client, case, 50);
        }
        answers.retain(|answer| !answer.may_retry);
        let last = post(&server, &client, case).unwrap();
        assert!(last.is_replayed && (200..300).contains(&last.status), "{} {last:?}", case.path);
        let ran = answers.iter().filter(|answer| !answer.is_replayed).count();
        assert_eq!(ran, usize::from(!case.is_done), "{} {}: {answers:?}", case.path, case.dies);
        assert!(
            answers.iter().all(|answer| (answer.status, &answer.body) == (last.status, &last.body)),
            "{} {}: {answers:?}",
            case.path,
            case.dies
        );
    }

    // One effect for each case, besides what was made at first.
    let total = |path: &str| server.get(path)["total"].as_u64().unwrap();
    assert_eq!((total("/v1/agents"), total("/v1/numbers"), total("/v1/contacts")), (3, 3, 1));
    assert_eq!(total("/v1/calls"), 2);
    let path = format!("/v1/numbers/{}/messages", line["id"].as_str().unwrap());
    assert_eq!(server.get(&path)["data"].as_array().unwrap().len(), 2);
    // Of the text whose process died after its commit nobody knows whether it left: it did not.
    assert_eq!(server.arrivals().len(), 1, "{:?}", server.arrivals());
}

#[test]
fn a_database_that_goes_away_after_the_commit_leaves_the_truth_in_the_row() {
    for db in [Db::Sqlite, Db::Postgres] {
        let mut server = Server::start(db, &[]);
        let client = Client::new();
        let case = |dies, is_done| Case { dies, path: "/v1/agents", body: json!({"name": "A"}), is_done };
        for case in [case("keyed.commit:1:error", false), case("keyed.committed:1:error", true)] {
            server.kill();
            server.start_armed(Some(case.dies)).unwrap();
            let cut = post(&server, &client, &case).unwrap();
            assert_eq!((cut.status, cut.may_retry), (503, true), "{db:?} {cut:?}");
            let retry = post(&server, &client, &case).unwrap();
            assert_eq!((retry.status, retry.is_replayed), (200, case.is_done), "{db:?} {retry:?}");
        }
        assert_eq!(server.get("/v1/agents")["total"], 2, "{db:?}");
    }
}
