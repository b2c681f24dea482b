//! No file above 800 lines, its tests not counted.

use super::Source;

const MOST_LINES: usize = 800;

pub fn check(sources: &[Source]) -> Vec<String> {
    let code = [".rs", ".ts", ".tsx", ".py", ".sh"];
    sources
        .iter()
        .filter(|source| code.iter().any(|ending| source.path.ends_with(ending)))
        .filter_map(|source| {
            let lines = source.code_lines().count();
            (lines > MOST_LINES).then(|| format!("{}: {lines} lines; split it by idea", source.path))
        })
        .collect()
}
