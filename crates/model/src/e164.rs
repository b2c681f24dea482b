//! Telephone numbers as ITU-T E.164 writes them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A number in E.164 form: `+`, then 7 to 15 digits, the first not zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct E164(String);

/// The text is not an E.164 number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an E.164 number: expected `+` and 7 to 15 digits")]
pub struct NotE164;

impl E164 {
    /// The number with its leading `+`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits without `+`.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    /// Whether the number is of the North American Numbering Plan (`+1`, ten digits).
    #[must_use]
    pub fn is_nanp(&self) -> bool {
        self.0.starts_with("+1") && self.0.len() == 12
    }

    /// Reads a number as people and phones write it: spaces, dots, dashes and
    /// parentheses are dropped; ten digits, or eleven that begin with 1, are
    /// taken as North American; `00` and `011` as international prefixes.
    ///
    /// # Errors
    /// [`NotE164`] when no E.164 number can be made of it.
    pub fn from_dialled(text: &str) -> Result<Self, NotE164> {
        let text = text.trim();
        let mut digits = String::new();
        for (at, c) in text.char_indices() {
            match c {
                '0'..='9' => digits.push(c),
                '+' if at == 0 => {}
                ' ' | '-' | '.' | '(' | ')' | '\u{a0}' => {}
                _ => return Err(NotE164),
            }
        }
        if text.starts_with('+') {
            return format!("+{digits}").parse();
        }
        if let Some(rest) = digits.strip_prefix("011").or_else(|| digits.strip_prefix("00")) {
            return format!("+{rest}").parse();
        }
        match digits.len() {
            10 => format!("+1{digits}").parse(),
            11 if digits.starts_with('1') => format!("+{digits}").parse(),
            _ => Err(NotE164),
        }
    }
}

impl FromStr for E164 {
    type Err = NotE164;

    fn from_str(text: &str) -> Result<Self, NotE164> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?;
        let plausible = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if plausible { Ok(Self(text.to_owned())) } else { Err(NotE164) }
    }
}

impl TryFrom<String> for E164 {
    type Error = NotE164;
    fn try_from(text: String) -> Result<Self, NotE164> {
        text.parse()
    }
}

impl From<E164> for String {
    fn from(number: E164) -> Self {
        number.0
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_form_is_plus_and_digits() {
        assert!("+14155550100".parse::<E164>().is_ok());
        for bad in ["14155550100", "+0155550100", "+1415", "+1415555010a", "", "+", "+1234567890123456"] {
            assert_eq!(bad.parse::<E164>(), Err(NotE164), "{bad}");
        }
    }

    #[test]
    fn dialled_forms_become_e164() {
        for text in ["(415) 555-0100", "415.555.0100", "1 415 555 0100", "+1-415-555-0100", "0014155550100"] {
            assert_eq!(E164::from_dialled(text).unwrap().as_str(), "+14155550100", "{text}");
        }
        assert!(E164::from_dialled("bob").is_err());
        assert!(E164::from_dialled("911").is_err());
    }
}
