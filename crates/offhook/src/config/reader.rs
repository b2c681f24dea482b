//! Reads typed values out of the merged table, collecting every fault.

use std::{net::SocketAddr, ops::RangeInclusive, time::Duration};

use toml::{Table, Value};

use super::layers::Fault;

/// Reads `section.key` values; what cannot be read is noted and replaced by a
/// harmless value, so that the rest can still be checked.
pub struct Reader<'a> {
    table: &'a Table,
    /// Everything wrong so far.
    pub faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub fn new(table: &'a Table) -> Self {
        Self { table, faults: Vec::new() }
    }

    fn value(&self, path: &str) -> Option<&'a Value> {
        let (sections, key) = path.rsplit_once('.').map_or(("", path), |(sections, key)| (sections, key));
        let mut sections = sections.split('.').filter(|section| !section.is_empty());
        sections.try_fold(self.table, |table, section| table.get(section)?.as_table())?.get(key)
    }

    /// Notes a fault of this key.
    pub fn fault(&mut self, path: &str, problem: impl Into<String>) {
        self.faults.push(Fault { source: path.to_owned(), problem: problem.into() });
    }

    /// A string; empty when not set.
    pub fn text(&self, path: &str) -> String {
        self.value(path).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
    }

    /// A string, or none when not set.
    pub fn optional(&self, path: &str) -> Option<String> {
        Some(self.text(path)).filter(|text| !text.is_empty())
    }

    pub fn flag(&self, path: &str) -> bool {
        self.value(path).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A whole number within a range.
    pub fn number(&mut self, path: &str, range: RangeInclusive<i64>) -> i64 {
        let number = self.value(path).and_then(Value::as_integer).unwrap_or(*range.start());
        if !range.contains(&number) {
            self.fault(path, format!("{number} is not within {} to {}", range.start(), range.end()));
            return *range.start();
        }
        number
    }

    /// An address with a port.
    pub fn address(&mut self, path: &str) -> SocketAddr {
        let text = self.text(path);
        text.parse().unwrap_or_else(|_| {
            self.fault(path, format!("`{text}` is not an address with a port, such as 127.0.0.1:8080"));
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    pub fn duration(&mut self, path: &str) -> Duration {
        let text = self.text(path);
        parse_duration(&text).unwrap_or_else(|| {
            self.fault(path, format!("`{text}` is not a duration such as 500ms, 20s, 5m, 2h"));
            Duration::from_secs(1)
        })
    }

    pub fn durations(&mut self, path: &str) -> Vec<Duration> {
        let mut all = Vec::new();
        for text in self.texts(path) {
            match parse_duration(&text) {
                Some(duration) => all.push(duration),
                None => self.fault(path, format!("`{text}` is not a duration such as 500ms, 20s, 5m, 2h")),
            }
        }
        all
    }

    /// A list of strings.
    pub fn texts(&mut self, path: &str) -> Vec<String> {
        let list = self.value(path).and_then(Value::as_array).cloned().unwrap_or_default();
        let mut texts = Vec::new();
        for item in list {
            match item.as_str() {
                Some(text) => texts.push(text.trim().to_owned()),
                None => self.fault(path, format!("`{item}` is not a string")),
            }
        }
        texts
    }

    /// The keys of a section that may have any, with their strings.
    pub fn strings(&mut self, path: &str) -> Vec<(String, String)> {
        let table = self.value(path).and_then(Value::as_table).cloned().unwrap_or_default();
        let mut strings = Vec::new();
        for (key, value) in table {
            match value.as_str() {
                Some(text) => strings.push((key, text.trim().to_owned())),
                None => self.fault(&format!("{path}.{key}"), format!("`{value}` is not a string")),
            }
        }
        strings
    }

    /// A range of ports, `low-high`.
    pub fn ports(&mut self, path: &str) -> RangeInclusive<u16> {
        let text = self.text(path);
        let range = text.split_once('-').and_then(|(low, high)| {
            let (low, high) = (low.trim().parse::<u16>().ok()?, high.trim().parse::<u16>().ok()?);
            (low >= 1024 && high > low).then_some(low..=high)
        });
        range.unwrap_or_else(|| {
            self.fault(path, format!("`{text}` is not a range of ports above 1023, such as 20000-29999"));
            20_000..=29_999
        })
    }

    /// One of a few words.
    pub fn word(&mut self, path: &str, words: &[&str]) -> String {
        let text = self.text(path);
        if !words.contains(&text.as_str()) {
            self.fault(path, format!("`{text}` is none of {}", words.join(", ")));
        }
        text
    }
}

/// `500ms`, `20s`, `5m`, `2h`; a bare number is seconds.
fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().ok()?;
    let millis = match unit.trim() {
        "ms" => 1,
        "s" | "" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(millis)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("12h"), Some(Duration::from_secs(43_200)));
        assert_eq!(parse_duration("7"), Some(Duration::from_secs(7)));
        for bad in ["", "s", "5 weeks", "-1s", "99999999999999999999h"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn faults_name_their_key() {
        let table: Table = "[sip]\nlisten = \"nowhere\"\nring_timeout = \"soon\"\n".parse().unwrap();
        let mut reader = Reader::new(&table);
        reader.address("sip.listen");
        reader.duration("sip.ring_timeout");
        let sources: Vec<_> = reader.faults.iter().map(|fault| fault.source.as_str()).collect();
        assert_eq!(sources, ["sip.listen", "sip.ring_timeout"]);
    }
}
