//! `offhook backup` and `offhook restore`.

use std::{path::Path, process::ExitCode};

use offhook_server::compose::backup::{self, Places};
use serde_json::json;

use crate::config::Config;

pub async fn backup(config: Config, to: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let made = backup::backup(&places(&config), to).await?;
    let bytes: u64 = made.files.iter().map(|file| file.bytes).sum();
    if as_json {
        println!(
            "{}",
            json!({"directory": to, "files": made.files.len(), "bytes": bytes, "madeAt": made.made_at})
        );
    } else {
        println!("{} files, {bytes} bytes in {}", made.files.len(), to.display());
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn restore(config: Config, from: &Path, force: bool) -> anyhow::Result<ExitCode> {
    let aside = backup::restore(&places(&config), from, force).await?;
    println!("restored from {}", from.display());
    if let Some(aside) = aside {
        println!("the database that was there is now {}", aside.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn places(config: &Config) -> Places {
    Places {
        store_url: config.store_url.clone(),
        blobs: config.blobs.clone(),
        data_dir: config.data_dir.clone(),
    }
}
