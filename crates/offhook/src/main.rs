//! The Offhook binary: command line, settings, composition.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod cli;
mod commands;
mod config;
mod logging;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("offhook: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = match runtime.block_on(commands::run(cli)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("offhook: {error:#}");
            ExitCode::FAILURE
        }
    };
    // A provider that hangs in a blocking call must not hold the exit.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    code
}
