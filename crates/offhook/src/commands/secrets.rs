//! `offhook secrets`: the master key that secrets in the database are sealed under.

use std::process::ExitCode;

use offhook_server::compose::{KeyStatus, secrets};
use serde_json::json;

use crate::{cli::SecretsCommand, config::Config};

pub async fn run(config: Config, command: SecretsCommand) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&config.data_dir)?;
    match command {
        SecretsCommand::Status { json } => {
            let status = secrets::status(&config.store_url, config.keys.clone()).await?;
            if json { println!("{}", as_json(&status)) } else { print(&status) }
        }
        SecretsCommand::Rotate { forget_old, json } => {
            let done = secrets::rotate(&config.store_url, config.keys.clone(), forget_old).await?;
            if json {
                println!(
                    "{}",
                    json!({"key": done.key, "made": done.made, "rows": done.rows, "kept": done.kept})
                );
            } else {
                println!("{}", done.key);
                eprintln!("{} rows are sealed anew; keep a copy of {}", done.rows, config.keys);
                if !done.kept.is_empty() {
                    eprintln!(
                        "older keys are kept for older backups ({}); --forget-old drops them",
                        done.kept.join(", ")
                    );
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(status: &KeyStatus) {
    println!("keys in {}: {}", status.source, status.keys.join(", "));
    println!("current: {}", status.current);
    for count in &status.values {
        println!("{:<26} {}  {} values", count.column, count.key, count.values);
    }
    if status.left() > 0 {
        eprintln!("{} values are under another key: `offhook secrets rotate` goes on", status.left());
    }
}

fn as_json(status: &KeyStatus) -> serde_json::Value {
    let values: Vec<_> = status
        .values
        .iter()
        .map(|count| json!({"column": count.column, "key": count.key, "values": count.values}))
        .collect();
    json!({"source": status.source, "current": status.current, "keys": status.keys, "values": values,
        "left": status.left()})
}
