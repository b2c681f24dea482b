//! `offhook webhooks replay`: sends deliveries again.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::api::{Api, field};
use crate::cli::ReplayArgs;

pub async fn run(api: &Api, args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    if let Some(id) = &args.id {
        let path = format!("/offhook/v1/deliveries/{id}/replay");
        let delivery = api.post(&path, &json!({})).await?;
        if args.json {
            println!("{delivery}");
        } else {
            println!("{id} is sent again: {}", field(&delivery, "event")?);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let Some(since) = &args.since else { bail!("say which: a delivery's id, or --since") };
    let mut body = json!({"since": moment(since)?, "status": args.state});
    if let Some(until) = &args.until {
        body["until"] = json!(moment(until)?);
    }
    if let Some(event) = &args.event {
        body["event"] = json!(super::trigger::full_name(event));
    }
    if let Some(agent) = &args.agent {
        body["agentId"] = json!(agent);
    }
    let mut replayed = 0;
    loop {
        let answer = api.post("/offhook/v1/deliveries/replay", &body).await?;
        replayed += answer["replayed"].as_u64().context("the server's answer lacks `replayed`")?;
        if answer["hasMore"] != Value::Bool(true) {
            break;
        }
        // The same span for the rest, so that nothing is sent again twice.
        body["until"] = json!(field(&answer, "until")?);
    }
    if args.json {
        println!("{}", json!({"replayed": replayed}));
    } else {
        println!("{replayed} deliveries are sent again");
    }
    Ok(ExitCode::SUCCESS)
}

/// A moment: RFC 3339, or how long ago, such as `2h` or `30m`.
fn moment(text: &str) -> anyhow::Result<String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.to_string());
    }
    let ago: SignedDuration = text.parse().with_context(|| {
        format!("`{text}` is neither a moment (2025-01-15T10:30:00Z) nor a time ago (2h, 30m)")
    })?;
    let at = Timestamp::now().checked_sub(ago.abs()).context("that is too long ago")?;
    Ok(at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_absolute_or_ago() {
        assert_eq!(moment("2025-01-15T10:30:00Z").unwrap(), "2025-01-15T10:30:00Z");
        let ago: Timestamp = moment("2h").unwrap().parse().unwrap();
        let seconds = Timestamp::now().duration_since(ago).as_secs();
        assert!((7_199..=7_260).contains(&seconds), "{seconds}");
        assert!(moment("yesterday").is_err());
    }
}
