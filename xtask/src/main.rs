//! `cargo run -p xtask -- tidy`: the rules of the tree that no other tool checks.
//! `cargo run -p xtask -- compatibility`: writes the route tables of
//! `docs/compatibility.md`.
//!
//! Each rule is one file under `tidy/`. A rule reads tracked files only and
//! reports `path:line: what is wrong, and what to do`.

mod compatibility;
mod tidy;

use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy::run(),
        Some("compatibility") => compatibility::write(&tidy::root()?),
        _ => {
            eprintln_line("usage: cargo run -p xtask -- tidy|compatibility");
            Ok(ExitCode::from(2))
        }
    }
}

#[expect(clippy::print_stderr, reason = "a tool for the terminal")]
fn eprintln_line(line: &str) {
    eprintln!("{line}");
}
