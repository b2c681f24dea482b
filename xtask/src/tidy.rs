//! Runs every rule and prints what breaks them.

mod arrows;
mod links;
mod names;
mod size;
mod words;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, bail};

/// A tracked text file.
pub struct Source {
    /// Path from the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// The crate under `crates/` it belongs to, when it is that crate's own
    /// source (not its tests, benches or examples).
    pub fn crate_src(&self) -> Option<&str> {
        if self.path.ends_with("/tests.rs")
            || self.path.ends_with("/testing.rs")
            || self.path.contains("/tests/")
        {
            return None;
        }
        let rest = self.path.strip_prefix("crates/")?;
        let (name, rest) = rest.split_once('/')?;
        rest.starts_with("src/").then_some(name)
    }

    /// The lines before the file's test module, numbered from one.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line))
            .take_while(|(_, line)| line.trim() != "mod tests {")
    }
}

/// Runs every rule; exit code 1 when one is broken.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = root()?;
    let sources = tracked(&root)?;
    let mut faults = Vec::new();
    faults.extend(arrows::check(&root)?);
    faults.extend(crate::compatibility::check(&root));
    faults.extend(links::check(&root, &sources));
    faults.extend(names::check(&sources));
    faults.extend(size::check(&sources));
    faults.extend(words::check(&sources));
    report(&faults, sources.len());
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::print_stdout, reason = "a tool for the terminal")]
fn report(faults: &[String], files: usize) {
    for fault in faults {
        println!("{fault}");
    }
    if faults.is_empty() {
        println!("tidy: nothing to mend in {files} files");
    } else {
        println!("tidy: {} faults in {files} files", faults.len());
    }
}

/// The root of the tree.
pub fn root() -> anyhow::Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(Path::to_path_buf).context("xtask lies in the workspace")
}

/// Tracked and not-yet-ignored text files, in the order git names them.
fn tracked(root: &Path) -> anyhow::Result<Vec<Source>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git ls-files")?;
    if !output.status.success() {
        bail!("git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut sources = Vec::new();
    for path in String::from_utf8(output.stdout)?.lines() {
        // A deleted or binary file has no text to check.
        if let Ok(text) = std::fs::read_to_string(root.join(path)) {
            sources.push(Source { path: path.to_owned(), text });
        }
    }
    Ok(sources)
}
