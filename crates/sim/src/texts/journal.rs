//! What reached the phones, told outside the process.
//!
//! Debug builds only, for tests that kill the process: they must see what left
//! it, and the inboxes die with it. Each text that lands becomes a line of the
//! file that `OFFHOOK_SIM_JOURNAL` names, written before the carrier answers.

use offhook_carriers::texting::OutboundText;

/// Writes a line for a text that lands.
#[cfg(debug_assertions)]
pub(super) fn landed(text: &OutboundText, members: &[String]) {
    use std::{fs::File, io::Write as _, sync::OnceLock};

    static JOURNAL: OnceLock<Option<File>> = OnceLock::new();
    let open = || {
        let path = std::env::var_os("OFFHOOK_SIM_JOURNAL")?;
        let file = File::options().create(true).append(true).open(&path);
        Some(file.unwrap_or_else(|error| panic!("OFFHOOK_SIM_JOURNAL {}: {error}", path.display())))
    };
    let Some(mut journal) = JOURNAL.get_or_init(open).as_ref() else { return };
    let line = serde_json::json!({"reference": text.reference.as_str(), "to": members, "body": text.body});
    // One write: a line is there whole or not at all.
    if let Err(error) = journal.write_all(format!("{line}\n").as_bytes()) {
        panic!("the journal of the simulated network cannot be written: {error}");
    }
}

/// Nothing: this is a release build.
#[cfg(not(debug_assertions))]
pub(super) fn landed(_text: &OutboundText, _members: &[String]) {}
