//! Destinations no call and no transfer may ever reach.
//!
//! An agent must not summon an ambulance or occupy a crisis line. The check
//! reads the number as a phone network would: prefixes of international
//! dialling and the North American trunk digit are peeled off first.

/// Short numbers of emergency, crisis and N11 services.
///
/// Source: NANPA N11 codes; 47 CFR §52.200 (988); ITU-T E.161.1 (112, 911);
/// 999, 000, 110, 118 and 119 are the other national emergency numbers in use.
const SHORT: [&str; 16] = [
    "211", "311", "411", "511", "611", "711", "811", "911", "933", "988", "112", "999", "000", "110", "118",
    "119",
];

/// The ordinary number of the 988 Lifeline (and of the Veterans Crisis Line
/// behind it), national digits.
const LIFELINE: &str = "8002738255";

/// Whether `dialled`, in any spelling, is an emergency, crisis or N11 service.
#[must_use]
pub fn is_blocked(dialled: &str) -> bool {
    let digits: String = dialled.chars().filter_map(ascii_digit).collect();
    let mut candidates = vec![digits.as_str()];
    for prefix in ["011", "00"] {
        candidates.extend(digits.strip_prefix(prefix));
    }
    for at in 0..candidates.len() {
        candidates.extend(candidates[at].strip_prefix('1'));
    }
    let short = candidates.iter().any(|number| SHORT.contains(number) || *number == LIFELINE);
    // An area code cannot be N11: a switch that reads digit by digit connects
    // at the third.
    let n11_area = national(dialled, &digits)
        .is_some_and(|number| matches!(number.as_bytes(), [b'2'..=b'9', b'1', b'1', ..]));
    short || n11_area
}

/// The ten national digits of a North American number.
fn national<'a>(dialled: &str, digits: &'a str) -> Option<&'a str> {
    let local = !dialled.trim_start().starts_with('+');
    let digits = digits.strip_prefix("011").or_else(|| digits.strip_prefix("00")).unwrap_or(digits);
    match digits.len() {
        11 => digits.strip_prefix('1'),
        10 if local => Some(digits),
        _ => None,
    }
}

/// ASCII and full-width digits.
fn ascii_digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emergency_numbers_are_blocked_in_any_spelling() {
        for text in [
            "911",
            "9-1-1",
            "+911",
            "+1911",
            "+1 (911)",
            "1911",
            "011911",
            "00112",
            "112",
            "+112",
            "988",
            "+1988",
            "411",
            "+1-211",
            "tel:911",
            "９１１",
            "+19115551234",
            "9115551234",
            "+18002738255",
            "999",
        ] {
            assert!(is_blocked(text), "{text}");
        }
    }

    #[test]
    fn ordinary_numbers_are_not_blocked() {
        for text in [
            "+14155550100",
            "+12125550911",
            "+919876543210",
            "+911123456789",
            "+4930112112",
            "+442079460999",
            "+5112345678",
            "+19885550100",
            "+18005550199",
            "",
            "bob",
        ] {
            assert!(!is_blocked(text), "{text}");
        }
    }
}
