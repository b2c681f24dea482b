//! How a text is cut for the phone network (3GPP TS 23.038, TS 23.040).
//!
//! Text of the GSM alphabet takes 160 characters of seven bits; longer ones
//! are cut into segments of 153, because a header takes the rest. One
//! character outside the alphabet switches the whole text to UCS-2: 70, and 67
//! when it is cut. Characters of the extension table take two places, and
//! neither these nor surrogate pairs are split between segments.

/// How a text is written on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Seven bits a character, the default alphabet of GSM.
    Gsm7,
    /// Sixteen bits a unit.
    Ucs2,
}

impl Encoding {
    /// What this text needs.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.chars().all(|c| gsm_places(c).is_some()) { Self::Gsm7 } else { Self::Ucs2 }
    }

    /// Places of a text that needs no second segment.
    #[must_use]
    pub fn single(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// Places of each segment of several.
    #[must_use]
    pub fn each(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }

    fn places(self, c: char) -> usize {
        match self {
            Self::Gsm7 => gsm_places(c).unwrap_or(1),
            Self::Ucs2 => c.len_utf16(),
        }
    }
}

/// The basic table of the default alphabet, ESC left out.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table: reached by ESC, two places each.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Places of a character in the default alphabet; none when it is not in it.
fn gsm_places(c: char) -> Option<usize> {
    if c.is_ascii_alphanumeric() || BASIC.contains(c) {
        Some(1)
    } else if EXTENSION.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// Cuts a text into the segments it is sent as. No text is one empty segment.
#[must_use]
pub fn split(text: &str) -> Vec<&str> {
    let encoding = Encoding::of(text);
    let whole: usize = text.chars().map(|c| encoding.places(c)).sum();
    if whole <= encoding.single() {
        return vec![text];
    }
    let mut segments = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, c) in text.char_indices() {
        let places = encoding.places(c);
        if used + places > encoding.each() {
            segments.push(&text[start..at]);
            (start, used) = (at, 0);
        }
        used += places;
    }
    segments.push(&text[start..]);
    segments
}

/// How many segments a text is sent as; at least one.
#[must_use]
pub fn count(text: &str) -> u32 {
    u32::try_from(split(text).len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_edges_of_both_alphabets() {
        for (text, segments) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            (format!("{}a", "€".repeat(80)), 2),
            ("ж".repeat(70), 1),
            ("ж".repeat(71), 2),
            ("ж".repeat(134), 2),
            ("ж".repeat(135), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
        ] {
            assert_eq!(count(&text), segments, "{} × {:?}", text.chars().count(), text.chars().next());
        }
    }

    #[test]
    fn one_foreign_character_switches_the_whole_text() {
        assert_eq!(Encoding::of("naïve"), Encoding::Ucs2);
        assert_eq!(Encoding::of("Straße 12, [ok] €"), Encoding::Gsm7);
        assert_eq!(count(&format!("{}ï", "a".repeat(70))), 2);
        // The curly quotes of phones are what makes texts dear.
        assert_eq!(Encoding::of("it’s"), Encoding::Ucs2);
    }

    #[test]
    fn pairs_stay_together() {
        // 152 places, then two: the pair goes to the next segment whole.
        let text = format!("{}€{}", "a".repeat(152), "b".repeat(100));
        let parts = split(&text);
        assert_eq!((parts[0].chars().count(), parts[1].chars().next()), (152, Some('€')));
        let text = format!("{}😀{}", "ж".repeat(66), "ж".repeat(66));
        let parts = split(&text);
        assert_eq!((parts[0].chars().count(), parts[1].chars().next()), (66, Some('😀')));
        assert_eq!(parts.len(), 3);
    }

    #[test]
    fn the_basic_table_has_127_characters() {
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(EXTENSION.chars().count(), 10);
        assert!(EXTENSION.chars().all(|c| !BASIC.contains(c)));
    }

    proptest! {
        #[test]
        fn segments_joined_are_the_text(text in "(?s).{0,800}") {
            prop_assert_eq!(split(&text).concat(), text);
        }

        #[test]
        fn no_segment_is_longer_than_allowed(text in "(?s)[a-z€\\[😀ж]{0,900}") {
            let encoding = Encoding::of(&text);
            let parts = split(&text);
            let limit = if parts.len() == 1 { encoding.single() } else { encoding.each() };
            for part in &parts {
                let used: usize = part.chars().map(|c| encoding.places(c)).sum();
                prop_assert!(used <= limit);
                prop_assert!(parts.len() == 1 || !part.is_empty());
            }
        }

        #[test]
        fn a_longer_text_never_needs_fewer(text in "(?s).{0,400}", more in "(?s).{0,50}") {
            let longer = [text.as_str(), &more].concat();
            prop_assert!(count(&longer) >= count(&text));
        }
    }
}
