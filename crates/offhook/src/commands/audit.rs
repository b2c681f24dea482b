//! `offhook audit verify`: whether anybody changed the audit log behind our back.

use std::process::ExitCode;

use offhook_server::compose::audit::{self, Chain};
use serde_json::json;

use crate::{cli::AuditCommand, config::Config};

pub async fn run(config: Config, command: AuditCommand) -> anyhow::Result<ExitCode> {
    let AuditCommand::Verify { json } = command;
    let chains = audit::verify(&config.store_url).await?;
    let broken = chains.iter().filter(|chain| chain.fault.is_some()).count();
    if json {
        println!("{}", serde_json::Value::Array(chains.iter().map(as_json).collect()));
    } else {
        for chain in &chains {
            let state = chain.fault.as_deref().unwrap_or("intact");
            println!("{}  {} entries  {}  {state}", chain.account, chain.entries, chain.hash);
        }
        eprintln!("{} chains, {broken} broken", chains.len());
    }
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_json(chain: &Chain) -> serde_json::Value {
    json!({"accountId": chain.account, "entries": chain.entries, "hash": chain.hash, "fault": chain.fault})
}
