//! Whom a message goes to: a phone, a short code, a mail address, a group
//! (contract `messaging-behaviour.md` §3).

use std::fmt;

use crate::{e164::E164, id::GroupId};

/// A message's recipient or sender.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A phone.
    Phone(E164),
    /// A short code of the United States or Canada, 5 or 6 digits.
    ShortCode(String),
    /// A mail address: iMessage only. Lower case.
    Email(String),
    /// A group we know.
    Group(GroupId),
}

/// The text names nobody a message could go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a phone number, a 5 or 6 digit short code, an e-mail address or a group id")]
pub struct NotAnAddress;

impl Address {
    /// Reads an address in any usual spelling. Numbers without a country are
    /// taken as North American: every number we hold is.
    ///
    /// # Errors
    /// [`NotAnAddress`].
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let text = text.trim();
        let group = GroupId::PREFIX;
        if text.strip_prefix(group).is_some_and(|rest| rest.starts_with('_')) {
            return Ok(Self::Group(text.into()));
        }
        if text.contains('@') {
            return email(text).map(Self::Email).ok_or(NotAnAddress);
        }
        let number = plain(text);
        if let Some(code) = short_code(&number) {
            return Ok(Self::ShortCode(code));
        }
        phone(&number).map(Self::Phone).ok_or(NotAnAddress)
    }

    /// How it is stored and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Phone(number) => number.as_str(),
            Self::ShortCode(code) => code,
            Self::Email(mail) => mail,
            Self::Group(id) => id.as_str(),
        }
    }

    /// Reads a phone number in any usual spelling.
    ///
    /// # Errors
    /// [`NotAnAddress`], also for short codes.
    pub fn parse_phone(text: &str) -> Result<E164, NotAnAddress> {
        phone(&plain(text.trim())).ok_or(NotAnAddress)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Without a scheme, with ASCII digits, dashes and spaces only.
fn plain(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let start = ["tel:", "sms:", "smsto:"].iter().find(|scheme| lower.starts_with(**scheme));
    let text = &text[start.map_or(0, |scheme| scheme.len())..];
    text.trim().chars().map(ascii).collect()
}

/// What phones and word processors make of digits, dashes and spaces.
fn ascii(c: char) -> char {
    match c {
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10).unwrap_or(c),
        '\u{ff0b}' => '+',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' | '/' => '-',
        '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{202a}'..='\u{202f}' | '\u{2060}' | '\t' => ' ',
        _ => c,
    }
}

/// Five or six digits, the first two to nine.
fn short_code(text: &str) -> Option<String> {
    if !text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-')) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_code = matches!(digits.len(), 5 | 6) && digits.starts_with(|c| ('2'..='9').contains(&c));
    is_code.then_some(digits)
}

/// A number; one of the North American plan must have its ten digits.
fn phone(text: &str) -> Option<E164> {
    // "+1 (0)…" is a habit of business cards; no plan we know of wants the 0.
    let number = E164::from_dialled(text).ok()?;
    (number.is_nanp() || !number.as_str().starts_with("+1")).then_some(number)
}

/// One `@`, something before it, a domain with a dot after it, no spaces.
fn email(text: &str) -> Option<String> {
    let (local, domain) = text.split_once('@')?;
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-') && !label.starts_with('-')
    };
    let fine = !local.is_empty()
        && local
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, ',' | ';' | '<' | '>'))
        && domain.contains('.')
        && domain.split('.').all(label)
        && text.len() <= 254;
    fine.then(|| text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Address::parse(text).ok().map(|address| address.to_string())
    }

    #[test]
    fn phones_in_any_usual_spelling() {
        for text in [
            "+14155550100",
            "4155550100",
            "14155550100",
            "(415) 555-0100",
            "415.555.0100",
            "415 555 0100",
            " +1 415-555-0100 ",
            "+1 (415) 555‑0100",
            "tel:+1-415-555-0100",
            "sms:4155550100",
            "00 1 415 555 0100",
            "011 1 415 555 0100",
            "４１５５５５０１００",
            "415/555/0100",
        ] {
            assert_eq!(read(text).as_deref(), Some("+14155550100"), "{text}");
        }
        assert_eq!(read("+44 20 7946 0999").as_deref(), Some("+442079460999"));
        assert_eq!(read("011 44 20 7946 0999").as_deref(), Some("+442079460999"));
    }

    #[test]
    fn short_codes_mail_addresses_and_groups() {
        assert_eq!(Address::parse("262966"), Ok(Address::ShortCode("262966".into())));
        assert_eq!(Address::parse("262-966"), Ok(Address::ShortCode("262966".into())));
        assert_eq!(Address::parse("22395"), Ok(Address::ShortCode("22395".into())));
        assert_eq!(Address::parse("Bob@Example.com"), Ok(Address::Email("bob@example.com".into())));
        assert_eq!(Address::parse("grp_01"), Ok(Address::Group("grp_01".into())));
    }

    #[test]
    fn what_is_none_of_them() {
        for text in [
            "",
            "bob",
            "1234",
            "12345",
            "012345",
            "1234567",
            "+1415555",
            "+1 415 555 01000",
            "@example.com",
            "bob@example",
            "bob@.com",
            "a b@example.com",
            "bob@exa_mple.com",
            "415-555-0100 ext 5",
            "+",
            "☎",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
