//! How soon the agent is silent when the caller interrupts it, as the caller hears it.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use offhook_testkit::{
    agent::UserAgent,
    judge::activity::{SILENCE, stretches},
    signal::tone,
};

use crate::{
    callers::{Doubles, PER_MS, Phrase, RATE, number, phrases},
    figures::{p50_p95, quantile, row, row_with_goal},
    media_path,
    server::{Agent, Server},
};

const CALLERS: usize = 3;
const INTERRUPTIONS: usize = 10;
const PATIENCE: Duration = Duration::from_secs(10);
const GOAL_MS: f64 = 200.0;
/// An agent that talks on for longer has not noticed.
const UNNOTICED_MS: f64 = 1_500.0;

pub async fn measure(binary: &Path) -> Result<()> {
    // A tone without any gap: where it ends is where the agent was cut off.
    let answer = "This answer goes on and on.";
    let voice: offhook_testkit::doubles::speech::Speaker = Arc::new(move |text| {
        let ms = if text.contains("goes on") { 20_000 } else { 500 };
        Box::pin(async move { tone(440.0, RATE, ms * PER_MS, 0.3) })
    });
    let doubles = Doubles::start(answer, Some(voice), 1_000).await?;
    let dir = tempfile::tempdir()?;
    let server = Server::start(binary, dir.path(), &doubles.settings())?;
    let agent = server.agent().await?;
    let phone = UserAgent::start().await?;
    let phrases = phrases().await?;
    interrupt(&server, &agent, &phone, &phrases, CALLERS, 1).await?;
    let callers =
        (0..CALLERS).map(|caller| interrupt(&server, &agent, &phone, &phrases, caller, INTERRUPTIONS));
    let all: Vec<f64> = futures::future::try_join_all(callers).await?.into_iter().flatten().collect();
    let path = quantile(&media_path::round_trips(10).await?, 0.5);
    let (noticed, missed): (Vec<f64>, Vec<f64>) = all.iter().partition(|ms| **ms < UNNOTICED_MS);
    let p95 = quantile(&all, 0.95);
    row_with_goal(
        "barge-in: caller's onset to silence, as heard",
        p50_p95(&noticed),
        p95,
        GOAL_MS,
        "ms (p95)",
    );
    let own: Vec<f64> = noticed.iter().map(|ms| ms - path).collect();
    row("barge-in without the media path", p50_p95(&own));
    row("interruptions not noticed", format!("{} of {}", missed.len(), all.len()));
    Ok(())
}

/// A call in which the agent is interrupted so often; each interruption is the
/// next question too.
async fn interrupt(
    server: &Server,
    agent: &Agent,
    phone: &UserAgent,
    phrases: &[Phrase],
    caller: usize,
    times: usize,
) -> Result<Vec<f64>> {
    let mut call = phone.call(server.sip, &agent.number, &number(caller))?;
    if !call.answered(PATIENCE).await {
        bail!("the agent did not answer");
    }
    call.listen_to_turn(Duration::from_millis(500), PATIENCE).await;
    call.say(&phrases[caller % phrases.len()].audio).await;
    let mut silences = Vec::new();
    for turn in 1..=times {
        let asked = call.heard().len();
        let talks = |call: &offhook_testkit::agent::PhoneCall| {
            // Silence first: what was cut off may still be in the phone's buffer.
            !stretches(&call.heard()[asked..], RATE, SILENCE, Duration::from_millis(100)).is_empty()
        };
        if !call.until(PATIENCE, talks).await {
            bail!("the agent gave no answer");
        }
        call.listen(Duration::from_millis(700 + ((turn * 137 + caller * 61) % 600) as u64)).await;
        let phrase = &phrases[(turn * 5 + caller) % phrases.len()];
        call.say(&phrase.audio).await;
        let onset = call.said().last().context("nothing was said")?.start + phrase.onset;
        let talk = stretches(call.heard(), RATE, SILENCE, Duration::from_millis(100));
        let cut = talk.iter().find(|talk| talk.contains(&onset)).context("the agent did not talk")?;
        silences.push((cut.end - onset) as f64 / PER_MS as f64);
    }
    call.hang_up().await;
    Ok(silences)
}
