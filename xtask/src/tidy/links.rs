//! Links and paths of the documents lead somewhere.

use std::path::Path;

use super::Source;

/// Top directories whose paths, written in backticks, must exist.
const TREES: [&str; 5] = ["crates/", "xtask/", "docs/", "scripts/", "tests/"];

/// Signs of a pattern or a placeholder, not of a path.
const PATTERN: [char; 5] = ['*', '{', '<', '…', ' '];

pub fn check(root: &Path, sources: &[Source]) -> Vec<String> {
    faults(sources, |path| root.join(path).exists())
}

fn faults(sources: &[Source], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| is_document(&source.path)) {
        let dir = source.path.rsplit_once('/').map_or("", |(dir, _)| dir);
        for (at, line) in prose(&source.text) {
            for target in links(line) {
                if !resolve(dir, target).is_some_and(|path| exists(&path)) {
                    faults.push(format!("{}:{at}: the link `{target}` leads nowhere", source.path));
                }
            }
            for path in paths(line) {
                if !exists(path) {
                    faults.push(format!("{}:{at}: `{path}` does not exist", source.path));
                }
            }
        }
    }
    faults
}

/// The documents people read first, and the manual.
fn is_document(path: &str) -> bool {
    let in_docs = path.strip_prefix("docs/").is_some_and(|name| name.ends_with(".md") && !name.contains('/'));
    in_docs || ["README.md", "CONTRIBUTING.md"].contains(&path)
}

/// The lines outside of fenced code, numbered from one.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((at + 1, line))
    })
}

/// Targets of `[text](target)` that lie in this tree, without their fragment.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
}

/// Paths of the tree in backticks.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| TREES.iter().any(|tree| word.starts_with(tree)) && !word.contains(PATTERN))
}

/// A target as seen from a directory, from the root; none when it leaves the tree.
fn resolve(dir: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: [&str; 4] = ["README.md", "docs", "docs/speech.md", "crates/sip/src/sdp.rs"];

    fn of(path: &str, text: &str) -> Vec<String> {
        faults(&[Source { path: path.to_owned(), text: text.to_owned() }], |path| TREE.contains(&path))
    }

    #[test]
    fn links_are_read_from_their_files_directory() {
        assert!(of("docs/a.md", "[s](speech.md#voices), [r](../README.md), [d](../docs/)").is_empty());
        assert_eq!(of("README.md", "\n[s](speech.md)"), ["README.md:2: the link `speech.md` leads nowhere"]);
        assert_eq!(of("README.md", "[out](../../etc/passwd)").len(), 1);
    }

    #[test]
    fn links_to_elsewhere_and_to_headings_are_not_followed() {
        assert!(
            of("README.md", "[a](https://example.test/b.md) [c](#top) [m](mailto:a@example.test)").is_empty()
        );
    }

    #[test]
    fn paths_in_backticks_must_exist() {
        assert!(of("docs/a.md", "`crates/sip/src/sdp.rs`, not crates/nowhere.rs, `Leg::next`").is_empty());
        assert_eq!(
            of("docs/a.md", "see `crates/sip/src/gone.rs`"),
            ["docs/a.md:1: `crates/sip/src/gone.rs` does not exist"]
        );
    }

    #[test]
    fn patterns_code_blocks_and_other_files_are_left_alone() {
        assert!(of("docs/a.md", "`crates/*/src`\n```\n[s](gone.md) `crates/gone.rs`\n```\n").is_empty());
        assert!(of("crates/sip/README.md", "[s](gone.md)").is_empty());
    }
}
