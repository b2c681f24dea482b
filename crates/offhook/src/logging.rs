//! Logs: to stderr, ids and durations only.

use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::Log;

/// The SIP stack logs whole messages, phone numbers included, at `info`: it is
/// heard only when something is wrong, unless the filter names it.
const QUIET: &str = "rsipstack=error";

/// Starts logging. A filter that cannot be read falls back to `info`.
pub fn start(log: &Log) {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", log.level))
        .unwrap_or_else(|_| EnvFilter::new(format!("{QUIET},info")));
    let registry = tracing_subscriber::registry().with(filter);
    let text = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // A second start (tests in one process) keeps the first.
    let _ = if log.json { registry.with(text.json()).try_init() } else { registry.with(text).try_init() };
}
