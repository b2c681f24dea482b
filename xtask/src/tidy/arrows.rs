//! Which crate may use which: the table of `docs/ARCHITECTURE.md`.

use std::path::Path;

use anyhow::Context;

/// Crate, and what of ours it may depend on.
const ARROWS: [(&str, &[&str]); 12] = [
    ("model", &[]),
    ("sip", &["model"]),
    ("media", &["model"]),
    ("carriers", &["model"]),
    ("store", &["model"]),
    ("bus", &["model"]),
    ("voice", &["media", "model"]),
    ("engine", &["sip", "media", "voice", "bus", "model"]),
    ("sim", &["engine", "sip", "media", "voice", "carriers", "model"]),
    ("server", &["model", "sip", "media", "voice", "carriers", "store", "bus", "engine", "sim"]),
    ("offhook", &["server", "model"]),
    ("testkit", &["sim", "engine", "sip", "media", "voice", "model"]),
];

/// Crates from outside that a crate of ours must not use.
const BANNED: [(&str, &[&str]); 9] = [
    ("model", &["tokio", "sqlx", "axum", "reqwest", "rand"]),
    ("sip", &["tokio", "sqlx", "axum", "reqwest", "mio", "socket2"]),
    ("media", &["tokio", "sqlx", "axum", "reqwest", "mio", "socket2"]),
    ("carriers", &["sqlx", "axum"]),
    ("bus", &["sqlx", "axum"]),
    ("voice", &["sqlx", "axum"]),
    ("engine", &["sqlx", "axum"]),
    ("sim", &["sqlx", "axum"]),
    ("offhook", &["sqlx", "rsipstack"]),
];

pub fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let dir = entry?.path();
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let manifest = dir.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
        let table: toml::Table = text.parse().with_context(|| manifest.display().to_string())?;
        let Some((_, allowed)) = ARROWS.iter().find(|(krate, _)| *krate == name) else {
            faults.push(format!("crates/{name}: not in the table of xtask/src/tidy/arrows.rs; add it"));
            continue;
        };
        let banned = BANNED.iter().find(|(krate, _)| *krate == name).map_or(&[][..], |(_, list)| list);
        let dependencies = table.get("dependencies").and_then(toml::Value::as_table);
        for used in dependencies.into_iter().flat_map(toml::Table::keys) {
            let ours = used.strip_prefix("offhook-");
            if ours.is_some_and(|ours| !allowed.contains(&ours)) {
                faults.push(format!(
                    "crates/{name}/Cargo.toml: {name} may not use {used} (docs/ARCHITECTURE.md)"
                ));
            }
            if banned.contains(&used.as_str()) {
                faults.push(format!(
                    "crates/{name}/Cargo.toml: {name} may not use {used} (docs/ARCHITECTURE.md)"
                ));
            }
        }
    }
    Ok(faults)
}
