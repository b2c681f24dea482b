//! What calls with real conversations cost: memory and processor time of each.

use std::{path::Path, time::Duration};

use anyhow::{Result, bail};
use offhook_media::g711::Law;
use offhook_testkit::{agent::UserAgent, load::Load, signal::resample};

use crate::{
    callers::{Doubles, PER_MS, RATE, number, phrases},
    figures::{cpu_time, resident_mb, row},
    server::Server,
};

const CALLS: usize = 50;
const LENGTH: Duration = Duration::from_secs(8);
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn measure(binary: &Path) -> Result<()> {
    let doubles = Doubles::start("We are open today.", None, 10_000).await?;
    let dir = tempfile::tempdir()?;
    let mut settings = doubles.settings();
    settings.push(("SIP__MAX_CALLS", "500".to_owned()));
    let server = Server::start(binary, dir.path(), &settings)?;
    let agent = server.agent().await?;
    // The first call loads what all calls share.
    let phone = UserAgent::start().await?;
    let mut first = phone.call(server.sip, &agent.number, &number(0))?;
    if !first.answered(PATIENCE).await {
        bail!("the agent did not answer");
    }
    first.listen(Duration::from_secs(2)).await;
    first.hang_up().await;
    tokio::time::sleep(Duration::from_secs(1)).await;

    // A question, then time for the answer, again and again.
    let mut audio = phrases().await?[0].audio.to_vec();
    audio.resize(audio.len() + 3_000 * PER_MS, 0);
    let narrow = resample(&audio, RATE, 8_000);
    let mut payload = vec![0; narrow.len()];
    Law::Mu.encode_into(&narrow, &mut payload);
    let (before, _) = resident_mb(server.pid());
    let load = Load::start(server.sip, &agent.number, CALLS, 25.0, payload).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let begun = cpu_time(server.pid());
    tokio::time::sleep(LENGTH).await;
    let used = cpu_time(server.pid()).saturating_sub(begun);
    let (during, _) = resident_mb(server.pid());
    let stats = load.hang_up().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (after, _) = resident_mb(server.pid());
    if stats.answered != CALLS {
        bail!("{} of {CALLS} calls were answered", stats.answered);
    }
    let of_each = (during - before) / CALLS as f64;
    row(
        "memory per call at 50 talking calls",
        format!("{of_each:.2} MB ({before:.1} → {during:.1} MB; 2 s after the last hung up {after:.1} MB)"),
    );
    let share = used.as_secs_f64() / LENGTH.as_secs_f64() / CALLS as f64 * 100.0;
    row(
        "processor time of a talking call, all of it",
        format!("{share:.1} % of a core ({} of the callers' ticks late)", stats.late_ticks),
    );
    Ok(())
}
