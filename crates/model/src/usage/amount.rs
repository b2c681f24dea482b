//! Amounts of money as text.

use super::MICROS_PER_UNIT;

/// Reads an amount such as `3`, `0.13` or `-2.5` into micros; at most six
/// decimals. None for anything else, and beyond what 64 bits hold.
#[must_use]
pub fn parse_amount(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > 6 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = format!("{part:0<6}").parse().ok()?;
    let micros = whole.checked_mul(MICROS_PER_UNIT)?.checked_add(part)?;
    Some(if negative { -micros } else { micros })
}

/// Writes micros as an amount, with two to six decimals.
#[must_use]
pub fn format_amount(micros: i64) -> String {
    let size = micros.unsigned_abs();
    let unit = MICROS_PER_UNIT.unsigned_abs();
    let part = format!("{:06}", size % unit);
    let (cents, rest) = part.split_at(2);
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}{}.{cents}{}", size / unit, rest.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_to_the_micro() {
        for (text, micros, shown) in [
            ("3", 3_000_000, "3.00"),
            ("0.13", 130_000, "0.13"),
            ("0.009", 9_000, "0.009"),
            ("-2.5", -2_500_000, "-2.50"),
            ("0.000001", 1, "0.000001"),
            (" 25.00 ", 25_000_000, "25.00"),
        ] {
            assert_eq!(parse_amount(text), Some(micros), "{text}");
            assert_eq!(format_amount(micros), shown);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-", ".", "1.", ".5", "1e3", "1,5", "+1", "0.0000001", "9223372036855", "١"] {
            assert_eq!(parse_amount(text), None, "{text}");
        }
    }
}
