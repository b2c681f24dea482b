//! What the platform adds to the wait for an answer: by its own ledger, and by ear.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result, bail};
use offhook_testkit::{
    agent::UserAgent,
    judge::activity::{SILENCE, stretches},
};
use serde_json::Value;

use crate::{
    callers::{Doubles, MODEL, PER_MS, Phrase, RATE, STT, TTS, number, phrases},
    figures::{p50_p95, quantile, row, row_with_goal},
    media_path,
    server::{Agent, Server},
};

const CALLERS: usize = 3;
const TURNS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(10);
const GOAL_MS: f64 = 30.0;

/// One answered question, in milliseconds.
struct Waited {
    /// End of the caller's speech to the agent's first sound, in the phone's audio.
    by_ear: f64,
    /// The same wait in the ledger.
    ledger: Value,
}

impl Waited {
    fn part(&self, name: &str) -> f64 {
        self.ledger[name].as_f64().unwrap_or_default()
    }
}

pub async fn measure(binary: &Path) -> Result<()> {
    let doubles = Doubles::start("We are open today.", None, 1_000).await?;
    let dir = tempfile::tempdir()?;
    let server = Server::start(binary, dir.path(), &doubles.settings())?;
    let agent = server.agent().await?;
    let phone = UserAgent::start().await?;
    let phrases = phrases().await?;
    // The first call loads the voice detector's model; it is not measured.
    converse(&server, &agent, &phone, &phrases, CALLERS, 1).await?;
    let callers = (0..CALLERS).map(|caller| converse(&server, &agent, &phone, &phrases, caller, TURNS));
    let waits: Vec<Waited> = futures::future::try_join_all(callers).await?.into_iter().flatten().collect();
    let path = quantile(&media_path::round_trips(10).await?, 0.5);

    let doubles_ms = (STT + MODEL + TTS).as_secs_f64() * 1_000.0;
    let added: Vec<f64> =
        waits.iter().map(|wait| wait.part("totalMs") - wait.part("endOfTurnMs") - doubles_ms).collect();
    let p95 = quantile(&added, 0.95);
    row_with_goal("turn latency added, by the ledger", p50_p95(&added), p95, GOAL_MS, "ms (p95)");
    let by_ear: Vec<f64> =
        waits.iter().map(|wait| wait.by_ear - wait.part("endOfTurnMs") - doubles_ms - path).collect();
    row("turn latency added, by ear without the media path", p50_p95(&by_ear));
    row("media path there and back (echo)", format!("{path:.0} ms"));
    let all: Vec<f64> = waits.iter().map(|wait| wait.by_ear).collect();
    row("whole wait by ear", p50_p95(&all));
    let middle = |name: &str| quantile(&waits.iter().map(|wait| wait.part(name)).collect::<Vec<_>>(), 0.5);
    row(
        "its parts in the ledger, p50",
        format!(
            "end of turn {} + STT {} + model {} + TTS {} + playout {} ms; each double answers after 100 ms",
            middle("endOfTurnMs"),
            middle("sttMs"),
            middle("brainMs"),
            middle("ttsMs"),
            middle("playoutMs")
        ),
    );
    Ok(())
}

/// A call with so many questions.
async fn converse(
    server: &Server,
    agent: &Agent,
    phone: &UserAgent,
    phrases: &[Phrase],
    caller: usize,
    turns: usize,
) -> Result<Vec<Waited>> {
    let from = number(caller);
    let mut call = phone.call(server.sip, &agent.number, &from)?;
    if !call.answered(PATIENCE).await {
        bail!("the agent did not answer");
    }
    call.listen_to_turn(Duration::from_millis(500), PATIENCE).await;
    let mut by_ear = Vec::new();
    for turn in 0..turns {
        let phrase = &phrases[(turn + caller) % phrases.len()];
        // The callers must not stay in step with each other or the clock.
        call.listen(Duration::from_millis(((turn * 37 + caller * 53) % 100) as u64)).await;
        call.say(&phrase.audio).await;
        let said = call.said().last().context("nothing was said")?;
        let end = said.start + phrase.end;
        call.listen_to_turn(Duration::from_millis(400), PATIENCE).await;
        let heard = stretches(&call.heard()[end..], RATE, SILENCE, Duration::from_millis(100));
        let first = heard.first().context("the agent gave no answer")?.start;
        by_ear.push(first as f64 / PER_MS as f64);
    }
    call.hang_up().await;
    let told = server.call_from(&from).await?;
    let rows = told["transcripts"].as_array().context("no transcript")?;
    // The first row is the greeting.
    let ledgers: Vec<&Value> = rows.iter().skip(1).map(|row| &row["latency"]).collect();
    if ledgers.len() != by_ear.len() || ledgers.iter().any(|ledger| ledger["totalMs"].is_null()) {
        bail!("{} turns were heard but the API tells {told:#}", by_ear.len());
    }
    let waits = by_ear.into_iter().zip(ledgers);
    Ok(waits.map(|(by_ear, ledger)| Waited { by_ear, ledger: ledger.clone() }).collect())
}
