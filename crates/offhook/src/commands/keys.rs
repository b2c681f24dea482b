//! `offhook keys create|list|revoke`: on the database, so that they work while
//! no server runs and before the first key exists.

use std::process::ExitCode;

use offhook_server::compose::keys::{self, KeyRow};
use serde_json::json;

use crate::{cli::KeysCommand, config::Config};

pub async fn run(config: Config, command: KeysCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeysCommand::Create { name, json } => {
            let (row, key) = keys::create(&config.store_url, &name).await?;
            if json {
                println!("{}", json!({"id": row.id, "name": row.name, "key": key}));
            } else {
                println!("{key}");
                eprintln!("key {} made; it is shown this once", row.id);
            }
            Ok(ExitCode::SUCCESS)
        }
        KeysCommand::List { json } => {
            let rows = keys::list(&config.store_url).await?;
            if json {
                println!("{}", serde_json::Value::Array(rows.iter().map(as_json).collect()));
            } else {
                for row in &rows {
                    let state = if row.revoked { "revoked" } else { "active" };
                    println!("{}  …{}  {state}  {}  {}", row.id, row.last4, row.created_at, row.name);
                }
                eprintln!("{} keys", rows.len());
            }
            Ok(ExitCode::SUCCESS)
        }
        KeysCommand::Revoke { id } => {
            if keys::revoke(&config.store_url, &id).await? {
                println!("{id} is switched off");
                Ok(ExitCode::SUCCESS)
            } else {
                anyhow::bail!("no active key has the id {id}; `offhook keys list` shows them");
            }
        }
    }
}

fn as_json(row: &KeyRow) -> serde_json::Value {
    json!({"id": row.id, "name": row.name, "last4": row.last4, "createdAt": row.created_at, "revoked": row.revoked})
}
