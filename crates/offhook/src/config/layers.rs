//! Puts the layers together: defaults, file, environment.
//!
//! The defaults are the shape: a key they do not have is unknown, and a value
//! of another type is wrong. All faults are collected, none hides another.

use std::path::Path;

use toml::{Table, Value};

/// Prefix of the environment's keys.
const PREFIX: &str = "OFFHOOK__";
/// Sections whose items are checked where they are read.
const LISTS: [&str; 1] = ["trunks"];
/// Sections that take any key; they are checked where they are read.
const OPEN: [&str; 1] = ["limits.rates.routes"];

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it was said: a file's name or an environment key.
    pub source: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.source, self.problem)
    }
}

/// The settings in force, and everything wrong with them.
pub fn merge(
    defaults: &str,
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> (Table, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut table: Table = match defaults.parse() {
        Ok(table) => table,
        Err(error) => {
            faults.push(Fault { source: "built-in defaults".to_owned(), problem: error.to_string() });
            return (Table::new(), faults);
        }
    };
    let shape = table.clone();
    if let Some(path) = file {
        let source = path.display().to_string();
        match std::fs::read_to_string(path).map_err(|error| error.to_string()) {
            Ok(text) => match text.parse::<Table>() {
                Ok(layer) => lay(&mut table, &shape, layer, "", &source, &mut faults),
                Err(error) => faults.push(Fault { source, problem: error.to_string() }),
            },
            Err(problem) => faults.push(Fault { source, problem: format!("cannot be read: {problem}") }),
        }
    }
    let mut keys: Vec<_> = environment.filter(|(key, _)| key.starts_with(PREFIX)).collect();
    keys.sort();
    for (key, text) in keys {
        set_from_environment(&mut table, &shape, &key, &text, &mut faults);
    }
    (table, faults)
}

fn lay(table: &mut Table, shape: &Table, layer: Table, path: &str, source: &str, faults: &mut Vec<Fault>) {
    for (key, value) in layer {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if path.is_empty() && LISTS.contains(&key.as_str()) {
            table.insert(key, value);
            continue;
        }
        if OPEN.contains(&path) {
            table.insert(key, value);
            continue;
        }
        let Some(expected) = shape.get(&key) else {
            let problem = format!("unknown key `{full}`{}", near(&key, shape));
            faults.push(Fault { source: source.to_owned(), problem });
            continue;
        };
        match (expected, value) {
            (Value::Table(inner), Value::Table(sub)) => {
                if let Some(Value::Table(target)) = table.get_mut(&key) {
                    lay(target, inner, sub, &full, source, faults);
                }
            }
            (expected, value) if expected.same_type(&value) => {
                table.insert(key, value);
            }
            (expected, value) => {
                let problem = format!("`{full}` is {}, not {}", value.type_str(), expected.type_str());
                faults.push(Fault { source: source.to_owned(), problem });
            }
        }
    }
}

/// A hint for a mistyped key: the nearest known one, at most two edits away.
fn near(key: &str, shape: &Table) -> String {
    let nearest = shape.keys().map(|known| (edits(key, known), known)).min();
    match nearest {
        Some((0..=2, known)) => format!(" (did you mean `{known}`?)"),
        _ => String::new(),
    }
}

/// Characters to insert, delete or replace to make `a` into `b` (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn set_from_environment(table: &mut Table, shape: &Table, key: &str, text: &str, faults: &mut Vec<Fault>) {
    let path: Vec<String> = key[PREFIX.len()..].split("__").map(str::to_lowercase).collect();
    let mut fault = |problem: String| faults.push(Fault { source: key.to_owned(), problem });
    let Some((name, sections)) = path.split_last() else { return };
    let target = sections.iter().try_fold(table, |table, section| table.get_mut(section)?.as_table_mut());
    let shape = sections.iter().try_fold(shape, |shape, section| shape.get(section)?.as_table());
    let (Some(target), Some(expected)) = (target, shape.and_then(|shape| shape.get(name))) else {
        return fault("unknown key; `offhook config show` lists them all".to_owned());
    };
    let value = match expected {
        Value::String(_) => Some(Value::String(text.to_owned())),
        Value::Integer(_) => text.trim().parse().ok().map(Value::Integer),
        Value::Float(_) => text.trim().parse().ok().map(Value::Float),
        Value::Boolean(_) => match text.trim().to_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(Value::Boolean(true)),
            "false" | "0" | "no" | "off" => Some(Value::Boolean(false)),
            _ => None,
        },
        Value::Array(_) => Some(Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        )),
        Value::Table(_) | Value::Datetime(_) => None,
    };
    match value {
        Some(value) => {
            target.insert(name.clone(), value);
        }
        None => fault(format!("`{text}` is not {}", article(expected.type_str()))),
    }
}

fn article(word: &str) -> String {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { format!("an {word}") } else { format!("a {word}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: &str = "data_dir = \"\"\n[http]\nlisten = \"a\"\n[limits]\nenabled = true\nnumbers = 10\n[webhooks]\nretry_delays = [\"5m\"]\n";

    fn env(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("my.toml");
        std::fs::write(&file, "[http]\nlisten = \"b\"\n[limits]\nnumbers = 3\n").unwrap();
        let keys = [
            ("OFFHOOK__HTTP__LISTEN", "c"),
            ("OFFHOOK__DATA_DIR", "d"),
            ("OFFHOOK__LIMITS__ENABLED", "off"),
            ("OFFHOOK__WEBHOOKS__RETRY_DELAYS", "1s, 2s"),
            ("PATH", "x"),
        ];
        let (table, faults) = merge(DEFAULTS, Some(&file), env(&keys));
        assert_eq!(faults, []);
        assert_eq!(table["http"]["listen"].as_str(), Some("c"));
        assert_eq!(table["data_dir"].as_str(), Some("d"));
        assert_eq!(table["limits"]["numbers"].as_integer(), Some(3));
        assert_eq!(table["limits"]["enabled"].as_bool(), Some(false));
        assert_eq!(table["webhooks"]["retry_delays"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("my.toml");
        std::fs::write(&file, "colour = 1\n[http]\nlisen = \"b\"\n[limits]\nnumbers = \"many\"\n").unwrap();
        let keys = [("OFFHOOK__HTTP__PROT", "1"), ("OFFHOOK__LIMITS__ENABLED", "perhaps")];
        let (_, faults) = merge(DEFAULTS, Some(&file), env(&keys));
        let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(text.len(), 5, "{text:#?}");
        assert!(text.iter().any(|line| line.contains("`http.lisen` (did you mean `listen`?)")));
        assert!(text.iter().any(|line| line.contains("`limits.numbers` is string, not integer")));
    }

    #[test]
    fn a_missing_file_is_a_fault() {
        let (_, faults) = merge(DEFAULTS, Some(Path::new("/nowhere/at/all.toml")), env(&[]));
        assert!(faults[0].problem.starts_with("cannot be read"));
    }
}
