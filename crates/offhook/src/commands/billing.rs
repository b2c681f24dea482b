//! `offhook billing credit|show`: on the database, because no API key may top
//! itself up.

use std::process::ExitCode;

use offhook_model::usage::{format_amount, parse_amount};
use offhook_server::compose::billing::{self, Balance};
use serde_json::json;

use crate::{cli::BillingCommand, config::Config};

pub async fn run(config: Config, command: BillingCommand) -> anyhow::Result<ExitCode> {
    if !config.billing_enabled {
        eprintln!("billing.enabled is off: balances are kept, and nothing is refused for them");
    }
    let (account, balance, json) = match command {
        BillingCommand::Credit { account, amount, note, json } => {
            let Some(micros) = parse_amount(&amount).filter(|micros| *micros != 0) else {
                anyhow::bail!("`{amount}` is not an amount such as 25, 9.50 or -5");
            };
            let balance = billing::credit(&config.store_url, account.as_deref(), micros, &note).await?;
            (account, balance, json)
        }
        BillingCommand::Show { account, json } => {
            let balance = billing::show(&config.store_url, account.as_deref()).await?;
            (account, balance, json)
        }
    };
    match balance {
        Some(balance) => {
            print(&balance, json);
            Ok(ExitCode::SUCCESS)
        }
        None => anyhow::bail!("there is no account {}", account.unwrap_or_default()),
    }
}

fn print(balance: &Balance, as_json: bool) {
    let amount = format_amount(balance.micros);
    if as_json {
        let changed_at = balance.changed_at.map(|at| at.to_string());
        println!(
            "{}",
            json!({"accountId": balance.account_id.as_str(), "balance": amount, "changedAt": changed_at})
        );
    } else {
        println!("{}  {amount}", balance.account_id);
    }
}
