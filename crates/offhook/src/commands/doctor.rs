//! `offhook doctor`: what works on this machine, and what to do about the rest.

use std::process::ExitCode;

use offhook_server::compose::{self, Check, State};
use serde_json::json;

use super::serve;
use crate::config::{Config, Fault};

/// Exit code 0 when nothing failed; warnings do not count.
pub async fn run(config: Result<Config, Vec<Fault>>, as_json: bool) -> ExitCode {
    let checks = match config {
        Ok(config) => {
            let mut checks = vec![Check::good("settings", "readable, no faults")];
            checks.extend(compose::examine(serve::settings(&config)).await);
            checks
        }
        Err(faults) => faults
            .iter()
            .map(|fault| Check::bad("settings", fault.to_string(), "see `offhook config show` for every key"))
            .collect(),
    };
    if as_json {
        let rows = checks.iter().map(|check| {
            json!({"what": check.what, "state": check.state.as_str(), "detail": check.detail, "hint": check.hint})
        });
        println!("{}", serde_json::Value::Array(rows.collect()));
    } else {
        checks.iter().for_each(print);
    }
    if checks.iter().any(|check| check.state == State::Bad) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn print(check: &Check) {
    let mark = match check.state {
        State::Good => "ok  ",
        State::Note => "note",
        State::Bad => "FAIL",
    };
    println!("{mark}  {:<12} {}", check.what, check.detail);
    if let Some(hint) = &check.hint {
        println!("      {:<12} → {hint}", "");
    }
}
