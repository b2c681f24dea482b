//! The settings in force, fit to be shown to anybody.

use toml::{Table, Value};

/// Parts of key names whose values nobody should see.
const SECRET: [&str; 3] = ["key", "password", "secret"];

/// TOML with secrets replaced by `(hidden)`; passwords inside the store's URL too.
pub fn show(table: &Table) -> String {
    let mut table = table.clone();
    hide(&mut table);
    toml::to_string_pretty(&table).unwrap_or_default()
}

fn hide(table: &mut Table) {
    for (key, value) in table.iter_mut() {
        match value {
            Value::Table(inner) => hide(inner),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_table_mut).for_each(hide),
            Value::String(text) if !text.is_empty() => {
                if SECRET.iter().any(|word| key.contains(word)) {
                    *text = "(hidden)".to_owned();
                } else if let Some(hidden) = without_password(text) {
                    *text = hidden;
                }
            }
            _ => {}
        }
    }
}

/// The address without its password, when it has one.
fn without_password(text: &str) -> Option<String> {
    let mut url = url::Url::parse(text).ok()?;
    url.password()?;
    url.set_password(Some("hidden")).ok()?;
    Some(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses_and_lists_are_hidden() {
        let table: Table =
            "[store]\nurl = \"postgres://me:hush@db/x\"\n[[trunks]]\nname = \"a\"\npassword = \"hush\"\n"
                .parse()
                .unwrap();
        let shown = show(&table);
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains("postgres://me:hidden@db/x"));
    }
}
