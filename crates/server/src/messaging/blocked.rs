//! Destinations no message may go to: emergency, crisis, N11 and premium
//! numbers, in any spelling. Short codes are legal destinations.

use crate::calls;

/// Whether a recipient, as it was typed, may never be written to. Mail
/// addresses and groups are none of these, whatever digits they have.
#[must_use]
pub fn is_blocked(typed: &str) -> bool {
    let is_number = !typed.contains('@') && !typed.trim_start().starts_with("grp_");
    is_number && (calls::blocked::is_blocked(typed) || is_premium(typed))
}

/// North American premium numbers: area code 900, and exchange 976 of any.
///
/// Source: NANPA, service area code 900; the 976 exchange is set aside for
/// the same use.
fn is_premium(typed: &str) -> bool {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("011").or_else(|| digits.strip_prefix("00")).unwrap_or(&digits);
    let is_foreign = typed.trim_start().starts_with('+') && !digits.starts_with('1');
    let national = match digits.len() {
        11 => digits.strip_prefix('1'),
        10 => Some(digits),
        _ => None,
    };
    !is_foreign && national.is_some_and(|number| number.starts_with("900") || &number[3..6] == "976")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn premium_and_emergency_numbers_are_blocked() {
        for typed in
            ["+19005550100", "(900) 555-0100", "1-212-976-1234", "911", "+1 988", "988", "0019005550100"]
        {
            assert!(is_blocked(typed), "{typed}");
        }
    }

    #[test]
    fn short_codes_and_everybody_else_may_be_written_to() {
        for typed in [
            "262966",
            "22395",
            "911911",
            "+14155550100",
            "+9005550100",
            "+4990055501",
            "911@example.com",
            "grp_911",
            "9765550100",
        ] {
            assert!(!is_blocked(typed), "{typed}");
        }
    }
}
