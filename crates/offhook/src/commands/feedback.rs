//! `offhook feedback list`: on the database, as `keys`.

use std::process::ExitCode;

use offhook_server::compose::feedback;
use serde_json::{Value, json};

use super::plain;
use crate::{cli::FeedbackCommand, config::Config};

pub async fn run(config: Config, command: FeedbackCommand) -> anyhow::Result<ExitCode> {
    let FeedbackCommand::List { limit, json } = command;
    let found = feedback::list(&config.store_url, limit).await?;
    if json {
        let rows: Vec<Value> = found
            .iter()
            .map(|one| {
                json!({
                    "id": one.id.as_str(), "accountId": one.account_id.as_str(), "category": one.category,
                    "note": one.note, "requestId": one.request_id, "url": one.url, "tags": one.tags,
                    "createdAt": one.created_at,
                })
            })
            .collect();
        println!("{}", Value::Array(rows));
    } else {
        for one in &found {
            let (category, tags) = (plain::line(&one.category), plain::line(&one.tags.join(", ")));
            println!("{}  {}  {category}  {tags}", one.created_at, one.account_id);
            for line in one.note.lines() {
                println!("    {}", plain::line(line));
            }
        }
        eprintln!("{} pieces of feedback", found.len());
    }
    Ok(ExitCode::SUCCESS)
}
