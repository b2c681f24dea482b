//! `offhook webhooks trigger`: a made-up event, sent like a real one.

use std::{process::ExitCode, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::api::{Api, field};
use crate::cli::TriggerArgs;

/// How long the first attempt is waited for: the longest timeout of a webhook.
const PATIENCE: Duration = Duration::from_secs(125);
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub async fn run(api: &Api, args: &TriggerArgs) -> anyhow::Result<ExitCode> {
    let mut body = json!({"event": full_name(&args.event)});
    let options =
        [("agentId", &args.agent), ("from", &args.from), ("to", &args.to), ("message", &args.message)];
    for (name, value) in options {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    let made = api.post("/offhook/v1/deliveries", &body).await?;
    let id = field(&made, "id")?.to_owned();
    let delivery = first_attempt(api, &id).await?;
    let is_delivered = delivery["status"] == "success";
    if args.json {
        println!("{delivery}");
    } else {
        println!("{id}  {}", outcome(&delivery));
    }
    Ok(if is_delivered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The delivery once it was tried, or as it is when that takes too long.
async fn first_attempt(api: &Api, id: &str) -> anyhow::Result<Value> {
    let until = Instant::now() + PATIENCE;
    loop {
        let delivery = api.get(&format!("/offhook/v1/deliveries/{id}"), &[]).await?;
        if delivery["attemptCount"].as_u64().unwrap_or(0) > 0 || Instant::now() >= until {
            return Ok(delivery);
        }
        sleep(LOOK_EVERY).await;
    }
}

fn outcome(delivery: &Value) -> String {
    let ms = delivery["responseMs"].as_u64().unwrap_or(0);
    match (delivery["status"].as_str(), delivery["error"].as_str()) {
        (Some("success"), _) => format!("delivered in {ms} ms"),
        (Some("pending"), Some(error)) => {
            format!(
                "{error} after {ms} ms; tried again at {}",
                delivery["nextRetryAt"].as_str().unwrap_or("?")
            )
        }
        (Some("pending"), None) => match delivery["endpointState"].as_str() {
            Some("resting") => "waits: the webhook failed too often and gets a rest".to_owned(),
            _ => "waits for its first attempt".to_owned(),
        },
        (_, error) => format!("failed: {}", error.unwrap_or("no reason given")),
    }
}

/// `message` means `agent.message`.
pub fn full_name(event: &str) -> String {
    if event.contains('.') { event.to_owned() } else { format!("agent.{event}") }
}
