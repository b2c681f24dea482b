//! Words that must not stand in some places.

use super::Source;

/// A word, the crates in whose sources it may stand, and what to do instead.
struct Rule {
    /// Any of these in a line breaks the rule.
    words: &'static [&'static str],
    /// Where the rule looks.
    looks: fn(&str) -> bool,
    /// What to do.
    instead: &'static str,
}

const PURE: [&str; 3] = ["model", "sip", "media"];

const RULES: [Rule; 6] = [
    Rule {
        words: &["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE "],
        looks: |krate| krate != "store",
        instead: "SQL lives in crates/store",
    },
    Rule {
        words: &["http::StatusCode", "reqwest::StatusCode", "axum::http"],
        looks: |krate| krate != "server" && krate != "testkit",
        instead: "only crates/server knows HTTP status codes",
    },
    Rule {
        words: &[
            "Instant::now(",
            "SystemTime::now(",
            "Timestamp::now(",
            "UdpSocket",
            "TcpStream",
            "thread::spawn",
            "thread::sleep",
        ],
        looks: |krate| PURE.contains(&krate),
        instead: "pure crates take time as an argument and touch no socket",
    },
    Rule {
        words: &["rand::random", "rand::rng("],
        looks: |krate| PURE.contains(&krate),
        instead: "pure crates take randomness as an argument",
    },
    Rule {
        words: &["#[allow(", "#![allow("],
        looks: |_| true,
        instead: "use #[expect(lint, reason = \"…\")]",
    },
    Rule { words: &["todo!(", "unimplemented!("], looks: |_| true, instead: "finish it or leave it out" },
];

/// Network code of voice stays in its providers.
const NETWORK: [&str; 2] = ["reqwest::", "tokio::net"];

/// What makes a client that may reach any address.
const CLIENTS: [&str; 2] = ["Client::builder()", "reqwest::Client::new()"];

/// Where one is made: the guarded client, and clients of what the operator configures.
const MAY_MAKE_CLIENTS: [&str; 4] = [
    "crates/voice/src/providers/fetch.rs",
    "crates/voice/src/providers/chat.rs",
    "crates/voice/src/providers/speech.rs",
    "crates/server/src/compose/check.rs",
];

/// What must stand in no tracked file: it ties the tree to one machine.
fn machine_bound() -> [String; 4] {
    // Put together here, so that this file does not break its own rule.
    let slash = "/";
    [
        format!("{slash}work{slash}"),
        format!("{slash}root{slash}"),
        format!("registry{}npmjs", "."),
        format!("files{}pythonhosted", "."),
    ]
}

pub fn check(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    let machine = machine_bound();
    for source in sources {
        if source.path != "Cargo.lock" && !source.path.ends_with(".svg") {
            for (at, line) in source.text.lines().enumerate() {
                if machine.iter().any(|word| line.contains(word.as_str())) {
                    faults.push(format!(
                        "{}:{}: names a local path or a registry's host",
                        source.path,
                        at + 1
                    ));
                }
            }
        }
        let Some(krate) = source.crate_src().filter(|_| source.path.ends_with(".rs")) else { continue };
        for (at, line) in source.code_lines().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for rule in RULES.iter().filter(|rule| (rule.looks)(krate)) {
                if rule.words.iter().any(|word| line.contains(word)) {
                    faults.push(format!("{}:{at}: {}", source.path, rule.instead));
                }
            }
            let unguarded =
                ["voice", "server"].contains(&krate) && !MAY_MAKE_CLIENTS.contains(&source.path.as_str());
            if unguarded && CLIENTS.iter().any(|word| line.contains(word)) {
                faults.push(format!("{}:{at}: addresses of tenants go through FetchClient", source.path));
            }
            let outside = krate == "voice" && !source.path.contains("/providers/");
            if outside && NETWORK.iter().any(|word| line.contains(word)) {
                faults.push(format!("{}:{at}: voice touches the network only in providers/", source.path));
            }
        }
    }
    faults
}
