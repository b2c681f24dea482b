//! Text, words of a fixed list, phone numbers.

use std::ops::RangeInclusive;

use offhook_model::{address::Address, e164::E164};
use serde_json::Value;

use super::{super::Spot, Rule};

/// Free text.
#[derive(Debug, Clone)]
pub struct Text {
    trim: bool,
    chars: RangeInclusive<usize>,
    pattern: Option<Pattern>,
}

/// A condition on text, and how people write it.
#[derive(Debug, Clone, Copy)]
struct Pattern {
    holds: fn(&str) -> bool,
    expected: &'static str,
}

/// Any text, of any length the body cap allows.
#[must_use]
pub fn text() -> Text {
    Text { trim: false, chars: 0..=usize::MAX, pattern: None }
}

impl Text {
    /// Drops white space at both ends before anything is checked.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        self.trim = true;
        self
    }

    /// Between so many characters, both ends included.
    #[must_use]
    pub fn chars(mut self, chars: RangeInclusive<usize>) -> Self {
        self.chars = chars;
        self
    }

    /// Must satisfy `holds`; `expected` is the pattern for people.
    #[must_use]
    pub fn matching(mut self, expected: &'static str, holds: fn(&str) -> bool) -> Self {
        self.pattern = Some(Pattern { holds, expected });
        self
    }
}

impl Rule for Text {
    type Value = String;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<String> {
        let text = string(value, spot)?;
        let text = if self.trim { text.trim() } else { text };
        let count = text.chars().count();
        let (min, max) = (*self.chars.start(), *self.chars.end());
        if count < min {
            let unit = if min == 1 { "character" } else { "characters" };
            spot.fault("string_too_short", format!("String should have at least {min} {unit}"));
            return None;
        }
        if count > max {
            let unit = if max == 1 { "character" } else { "characters" };
            spot.fault("string_too_long", format!("String should have at most {max} {unit}"));
            return None;
        }
        if let Some(Pattern { holds, expected }) = self.pattern
            && !holds(text)
        {
            spot.fault("string_pattern_mismatch", format!("String should match pattern '{expected}'"));
            return None;
        }
        Some(text.to_owned())
    }
}

/// One word of a fixed list.
#[derive(Debug, Clone)]
pub struct Word<T> {
    read: fn(&str) -> Option<T>,
    words: &'static [&'static str],
}

/// One of `words`, read by `read`: `word(VoiceMode::from_word, VoiceMode::WORDS)`.
#[must_use]
pub fn word<T>(read: fn(&str) -> Option<T>, words: &'static [&'static str]) -> Word<T> {
    Word { read, words }
}

impl<T> Rule for Word<T> {
    type Value = T;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<T> {
        let found = value.as_str().and_then(self.read);
        if found.is_none() {
            let quoted: Vec<_> = self.words.iter().map(|word| format!("'{word}'")).collect();
            spot.fault("literal_error", format!("Input should be {}", quoted.join(" or ")));
        }
        found
    }
}

/// A phone number in E.164 form.
#[derive(Debug, Clone, Copy)]
pub struct Phone;

/// A phone number: `+` and 7 to 15 digits, nothing else.
#[must_use]
pub fn phone() -> Phone {
    Phone
}

impl Rule for Phone {
    type Value = E164;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<E164> {
        let number = string(value, spot)?.parse();
        if number.is_err() {
            spot.fault("value_error", "Value error, phone number must be in E.164 format, e.g. +14155550100");
        }
        number.ok()
    }
}

/// A phone number in any usual spelling.
#[derive(Debug, Clone, Copy)]
pub struct AnyPhone;

/// A phone number as people write it; becomes E.164. Ten digits are North
/// American.
#[must_use]
pub fn any_phone() -> AnyPhone {
    AnyPhone
}

impl Rule for AnyPhone {
    type Value = E164;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<E164> {
        let number = Address::parse_phone(string(value, spot)?);
        if number.is_err() {
            spot.fault("value_error", "Value error, not a phone number, e.g. +14155550100");
        }
        number.ok()
    }
}

/// A rule whose empty text means "clear".
#[derive(Debug, Clone)]
pub struct OrEmpty<R>(R);

/// `""` (white space included) clears the field, anything else follows `rule`.
pub fn or_empty<R: Rule>(rule: R) -> OrEmpty<R> {
    OrEmpty(rule)
}

impl<R: Rule> Rule for OrEmpty<R> {
    type Value = Option<R::Value>;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Self::Value> {
        match value.as_str() {
            Some(text) if text.trim().is_empty() => Some(None),
            _ => self.0.check(value, spot).map(Some),
        }
    }
}

/// Text without NUL, which no database of ours can hold.
pub(super) fn string<'v>(value: &'v Value, spot: &mut Spot<'_>) -> Option<&'v str> {
    match value.as_str() {
        None => {
            spot.fault("string_type", "Input should be a valid string");
            None
        }
        Some(text) if text.contains('\0') => {
            spot.fault("value_error", "Value error, NUL characters are not allowed");
            None
        }
        some => some,
    }
}
