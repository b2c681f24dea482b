//! `offhook config check|show`.

use std::{path::Path, process::ExitCode};

use crate::{cli::ConfigCommand, config::Config};

pub fn run(command: &ConfigCommand, file: Option<&Path>) -> ExitCode {
    match (command, Config::load(file)) {
        (ConfigCommand::Check, Ok(_)) => {
            println!("the settings are fine");
            ExitCode::SUCCESS
        }
        (ConfigCommand::Show, Ok(config)) => {
            print!("{}", config.show());
            ExitCode::SUCCESS
        }
        (_, Err(faults)) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            eprintln!(
                "{} to fix",
                if faults.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", faults.len()) }
            );
            ExitCode::FAILURE
        }
    }
}
