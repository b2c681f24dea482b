//! What the way there and back costs when nobody thinks at its end: a phone
//! that returns each frame as soon as its jitter buffer gives it out.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use offhook_engine::leg::LegEvent;
use offhook_testkit::{
    agent::UserAgent,
    judge::activity::{SILENCE, stretches},
    signal::tone,
};
use offhook_voice::line::UtteranceId;

use crate::callers::{PER_MS, RATE, number};

const PATIENCE: Duration = Duration::from_secs(10);

/// Milliseconds from saying something to hearing it back: two media threads,
/// two jitter buffers, loopback; the same path as to an agent and back.
pub async fn round_trips(count: usize) -> Result<Vec<f64>> {
    let (phone, mut echo) = (UserAgent::start().await?, UserAgent::start().await?);
    let target = echo.address();
    let echoing = tokio::spawn(async move {
        let mut leg = echo.ringing(PATIENCE).await?.accept().ok()?;
        leg.answer();
        loop {
            match leg.next().await {
                LegEvent::Audio(frame) => {
                    leg.play(UtteranceId(1), frame.0.to_vec());
                }
                LegEvent::Ended(_) => return Some(()),
                _ => {}
            }
        }
    });
    let mut call = phone.call(target, &number(99), &number(98)).context("the echo cannot be called")?;
    if !call.answered(PATIENCE).await {
        bail!("the echo did not answer");
    }
    call.listen(Duration::from_millis(500)).await;
    let beep = tone(700.0, RATE, 100 * PER_MS, 0.4);
    let mut trips = Vec::new();
    for _ in 0..count {
        call.say(&beep).await;
        let said = call.said().last().context("nothing was said")?.start;
        call.listen(Duration::from_millis(400)).await;
        let heard = stretches(&call.heard()[said..], RATE, SILENCE, Duration::from_millis(50));
        let back = heard.first().context("the echo is mute")?.start;
        trips.push(back as f64 / PER_MS as f64);
    }
    call.hang_up().await;
    echoing.await?;
    Ok(trips)
}
