//! `offhook registrations list|approve|reject`: on the database, as `keys`.

use std::process::ExitCode;

use offhook_server::compose::registrations::{self, RegistrationRow};
use serde_json::json;

use super::plain::line;
use crate::{cli::RegistrationsCommand, config::Config};

pub async fn run(config: Config, command: RegistrationsCommand) -> anyhow::Result<ExitCode> {
    let url = &config.store_url;
    match command {
        RegistrationsCommand::List { json } => {
            let rows = registrations::list(url).await?;
            if json {
                println!("{}", serde_json::Value::Array(rows.iter().map(as_json).collect()));
            } else {
                for row in &rows {
                    let seen = if row.image_seen { "" } else { " (not reached)" };
                    println!(
                        "{}  {}  {}  {}  {}",
                        row.id,
                        row.status,
                        row.submitted_at,
                        row.kind,
                        line(&row.sender)
                    );
                    println!("    account {}  picture {}{seen}", row.account_id, line(&row.image_url));
                    println!("    {}", line(&row.description));
                }
                eprintln!("{} registrations", rows.len());
            }
            Ok(ExitCode::SUCCESS)
        }
        RegistrationsCommand::Approve { id } => {
            said(registrations::approve(url, &id).await?, &id, "approved")
        }
        RegistrationsCommand::Reject { id, reason } => {
            said(registrations::reject(url, &id, &reason).await?, &id, "rejected")
        }
    }
}

fn said(done: bool, id: &str, what: &str) -> anyhow::Result<ExitCode> {
    if !done {
        anyhow::bail!("no registration has the id {id}; `offhook registrations list` shows them");
    }
    println!("{id} is {what}");
    Ok(ExitCode::SUCCESS)
}

fn as_json(row: &RegistrationRow) -> serde_json::Value {
    json!({
        "id": row.id, "accountId": row.account_id, "status": row.status, "type": row.kind, "sender": row.sender,
        "description": row.description, "imageUrl": row.image_url, "imageSeen": row.image_seen,
        "submittedAt": row.submitted_at, "reason": row.reason,
    })
}
