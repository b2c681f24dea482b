//! `offhook webhooks tail`: deliveries as they are made, and on request once
//! more to an address of this machine.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use jiff::Timestamp;
use offhook_server::webhooks::headers;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::api::{Api, StreamError, field};
use crate::cli::TailArgs;

const STREAM: &str = "/offhook/v1/deliveries/stream";
/// The server says something at least every 15 s; silence beyond this is a
/// connection that died.
const SILENCE: Duration = Duration::from_secs(40);
/// First and longest pause before another try.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// Longest event: beyond it the stream is not ours.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Runs until Ctrl-C, which is a clean end.
pub async fn run(api: &Api, args: &TailArgs) -> anyhow::Result<ExitCode> {
    tokio::select! {
        ended = follow(api, args) => ended.map(|()| ExitCode::SUCCESS),
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Follows the stream for ever, through restarts of the server.
async fn follow(api: &Api, args: &TailArgs) -> anyhow::Result<()> {
    let mut pause = PAUSES.0;
    let mut lost_at: Option<Timestamp> = None;
    loop {
        let query: Vec<(&str, &str)> = args.agent.iter().map(|agent| ("agentId", agent.as_str())).collect();
        match api.stream(STREAM, &query).await {
            Ok(response) => {
                pause = PAUSES.0;
                eprintln!("watching the deliveries of {}; Ctrl-C ends", api.url());
                if let Some(since) = lost_at.take() {
                    catch_up(api, args, since).await?;
                }
                read(api, args, response).await?;
                lost_at = Some(Timestamp::now());
                eprintln!("the connection is lost; trying again");
            }
            Err(StreamError::Refused(error)) => return Err(error),
            Err(StreamError::Away(error)) => {
                if lost_at.is_none() {
                    lost_at = Some(Timestamp::now());
                    eprintln!("{} does not answer ({error:#}); trying again", api.url());
                }
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Reads one connection to its end.
async fn read(api: &Api, args: &TailArgs, response: reqwest::Response) -> anyhow::Result<()> {
    let mut chunks = response.bytes_stream();
    let mut frames = Frames::default();
    while let Ok(Some(Ok(chunk))) = timeout(SILENCE, chunks.next()).await {
        if !frames.push(&chunk) {
            anyhow::bail!("an event of the stream is too long; is {} Offhook?", api.url());
        }
        while let Some((event, data)) = frames.next() {
            match event.as_str() {
                "attempt" => show(api, args, serde_json::from_str(&data)?).await,
                "missed" => {
                    eprintln!("too slow: some attempts were not shown; the list of deliveries has them")
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// What was attempted while nobody listened.
async fn catch_up(api: &Api, args: &TailArgs, since: Timestamp) -> anyhow::Result<()> {
    // Of events of the last hour: an older one is a retry, and stays in the list.
    let from = since.checked_sub(jiff::SignedDuration::from_hours(1)).unwrap_or(since).to_string();
    let mut query = vec![("since", from.as_str()), ("limit", "200")];
    query.extend(args.agent.iter().map(|agent| ("agentId", agent.as_str())));
    let page = api.get("/offhook/v1/deliveries", &query).await?;
    for summary in page["data"].as_array().into_iter().flatten().rev() {
        let at = summary["lastAttemptAt"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        if at.is_some_and(|at| at >= since) {
            let id = field(summary, "id")?;
            let mut delivery = api.get(&format!("/offhook/v1/deliveries/{id}"), &[]).await?;
            delivery["at"] = delivery["lastAttemptAt"].take();
            delivery["attempt"] = delivery["attemptCount"].take();
            show(api, args, delivery).await;
        }
    }
    Ok(())
}

/// Prints an attempt, after passing it on.
async fn show(api: &Api, args: &TailArgs, mut attempt: Value) {
    let forwarded = match &args.forward {
        Some(to) => Some(match forward(api, to, &attempt).await {
            Ok((status, ms)) => json!({"status": status, "ms": ms}),
            Err(error) => json!({"error": format!("{error:#}")}),
        }),
        None => None,
    };
    if args.json {
        if let Some(forwarded) = forwarded {
            attempt["forwarded"] = forwarded;
        }
        println!("{attempt}");
        return;
    }
    println!("{}", line(&attempt));
    if let (Some(forwarded), Some(to)) = (forwarded, &args.forward) {
        match forwarded["error"].as_str() {
            Some(error) => println!("          → {to}  {error}"),
            None => println!("          → {to}  {}  {} ms", forwarded["status"], forwarded["ms"]),
        }
    }
}

/// Posts the very body, signed anew with the webhook's own secret.
async fn forward(api: &Api, to: &str, attempt: &Value) -> anyhow::Result<(u16, u128)> {
    let agent = attempt["agentId"].as_str().filter(|_| attempt["ownWebhook"] == Value::Bool(true));
    let webhook = match agent {
        Some(agent) => api.get(&format!("/v1/agents/{agent}/webhook"), &[]).await?,
        None => api.get("/v1/webhooks", &[]).await?,
    };
    let body = field(attempt, "body")?;
    let (id, event) = (field(attempt, "id")?, field(attempt, "event")?);
    let now = Timestamp::now().as_second();
    let mut request = api.http().post(to).timeout(Duration::from_secs(30)).body(body.to_owned());
    for (name, value) in headers(field(&webhook, "secret")?, event, id, now, body.as_bytes()) {
        request = request.header(name, value);
    }
    let started = Instant::now();
    let response = request.send().await?;
    Ok((response.status().as_u16(), started.elapsed().as_millis()))
}

fn line(attempt: &Value) -> String {
    let text = |name: &str| attempt[name].as_str().unwrap_or("-").to_owned();
    let time = text("at");
    let time = time.split_once('T').map_or(time.as_str(), |(_, time)| time);
    let time = time.get(..8).unwrap_or(time);
    let status = attempt["httpStatus"].as_u64().map_or_else(|| "---".to_owned(), |status| status.to_string());
    let mut line = format!(
        "{time}  {:<20}  {:<8}  {status}  {:<7}  {:>5} ms  {:<7}  #{}  {}",
        text("event"),
        text("channel"),
        text("status"),
        attempt["responseMs"].as_u64().unwrap_or(0),
        text("endpointState"),
        attempt["attempt"].as_u64().unwrap_or(0),
        text("id"),
    );
    if let Some(error) = attempt["error"].as_str() {
        line.push_str("  ");
        line.push_str(error);
    }
    line
}

/// Server-sent events out of bytes.
#[derive(Default)]
struct Frames(Vec<u8>);

impl Frames {
    /// Takes bytes; false when an event grows beyond all measure.
    fn push(&mut self, bytes: &[u8]) -> bool {
        self.0.extend_from_slice(bytes);
        self.0.len() <= MOST_BYTES
    }

    /// The next whole event: its name and data. Comments have neither.
    fn next(&mut self) -> Option<(String, String)> {
        let end = self.0.windows(2).position(|two| two == b"\n\n")?;
        let frame: Vec<u8> = self.0.drain(..end + 2).collect();
        let frame = String::from_utf8_lossy(&frame);
        let value = |name: &str| {
            frame.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
        };
        Some((value("event:"), value("data:")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let stream = b"event: connected\ndata: {}\n\n: heartbeat\n\nevent: attempt\ndata: {\"a\":1}\n\n";
        for size in 1..stream.len() {
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for piece in stream.chunks(size) {
                assert!(frames.push(piece));
                found.extend(std::iter::from_fn(|| frames.next()));
            }
            let names: Vec<_> = found.iter().map(|(event, _)| event.as_str()).collect();
            assert_eq!(names, ["connected", "", "attempt"]);
            assert_eq!(found[2].1, "{\"a\":1}");
        }
    }

    #[test]
    fn a_line_says_what_happened() {
        let attempt = json!({"at": "2025-01-15T10:30:00.123Z", "event": "agent.message", "channel": "sms",
            "status": "pending", "httpStatus": 500, "responseMs": 12, "endpointState": "failing", "attempt": 2,
            "id": "8a1f", "error": "HTTP 500"});
        assert_eq!(
            line(&attempt),
            "10:30:00  agent.message         sms       500  pending     12 ms  failing  #2  8a1f  HTTP 500"
        );
    }
}
