//! One file per command.

mod audit;
mod backup;
mod billing;
mod config;
mod demo;
mod doctor;
mod feedback;
mod keys;
mod plain;
mod registrations;
mod secrets;
mod serve;
mod webhooks;

use std::process::ExitCode;

use crate::{
    cli::{Cli, Command, Role},
    config::Config,
    logging,
};

/// Runs the command; the code is what the shell sees.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let file = cli.config.as_deref();
    match cli.command {
        Command::Version => {
            println!("offhook {}", env!("CARGO_PKG_VERSION"));
            Ok(ExitCode::SUCCESS)
        }
        Command::Config { command } => Ok(config::run(&command, file)),
        Command::Serve { role } => {
            if role != Role::All {
                anyhow::bail!("--role {role:?}: several nodes are not in this version; leave it at all");
            }
            let config = load(file)?;
            logging::start(&config.log);
            serve::run(config).await
        }
        Command::Demo { recording } => demo::run(load(file)?, &recording).await,
        Command::Doctor { json } => Ok(doctor::run(Config::load(file), json).await),
        Command::Billing { command } => billing::run(load(file)?, command).await,
        Command::Keys { command } => keys::run(load(file)?, command).await,
        Command::Registrations { command } => registrations::run(load(file)?, command).await,
        Command::Feedback { command } => feedback::run(load(file)?, command).await,
        Command::Webhooks { at, command } => webhooks::run(&load(file)?, at, command).await,
        Command::Secrets { command } => secrets::run(load(file)?, command).await,
        Command::Backup { to, json } => backup::backup(load(file)?, &to, json).await,
        Command::Restore { from, force } => backup::restore(load(file)?, &from, force).await,
        Command::Audit { command } => audit::run(load(file)?, command).await,
    }
}

/// The settings, or every fault in them as one error.
fn load(file: Option<&std::path::Path>) -> anyhow::Result<Config> {
    Config::load(file).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(|fault| format!("  {fault}")).collect();
        anyhow::anyhow!("the settings are not usable:\n{}", lines.join("\n"))
    })
}
