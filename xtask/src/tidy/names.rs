//! Names that hide what a file holds.

use super::Source;

/// Words that say nothing about a file.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "helpers", "common", "manager", "misc"];

pub fn check(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| source.path.ends_with(".rs")) {
        let file = source.path.rsplit('/').next().unwrap_or_default();
        if file == "mod.rs" {
            faults.push(format!("{}: write `foo.rs` beside `foo/`, no mod.rs", source.path));
        }
        let junk = source.path.split('/').any(|part| EMPTY_NAMES.contains(&part.trim_end_matches(".rs")));
        if junk {
            faults.push(format!("{}: name the file for its one idea", source.path));
        }
    }
    faults
}
