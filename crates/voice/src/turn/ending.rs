//! How long to wait before taking silence for the end of a turn.

use super::Ticks;

/// Silence after words that look complete: 400 ms.
pub const COMPLETE: Ticks = 20;
/// Silence after words that ask for more: 900 ms.
pub const INCOMPLETE: Ticks = 45;
/// Longest wait since the last real speech, whatever flickers: 1.5 s.
pub const CAP: Ticks = 75;

/// Words nobody ends a sentence with: conjunctions, articles, prepositions
/// that want an object, and the sounds people make while they think.
const OPEN_WORDS: [&str; 52] = [
    "and", "but", "or", "so", "because", "if", "when", "while", "than", "then", "that", "which", "the", "a",
    "an", "my", "your", "our", "their", "his", "to", "of", "for", "with", "from", "at", "into", "is", "are",
    "was", "um", "uh", "er", "erm", "hmm", "like", "well", "und", "oder", "aber", "weil", "äh", "ähm", "y",
    "o", "pero", "porque", "et", "ou", "mais", "euh", "e",
];

/// Digits as they are read out.
const DIGIT_WORDS: [&str; 11] =
    ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// The silence after which these words are a finished turn.
#[must_use]
pub fn wait_after(text: &str) -> Ticks {
    if is_open(text) { INCOMPLETE } else { COMPLETE }
}

/// Whether the text ends on a conjunction or filler, on a comma or dash, or
/// in the middle of a number read out.
fn is_open(text: &str) -> bool {
    let text = text.trim_end();
    let Some(last) = text.split_whitespace().next_back() else { return false };
    if last.ends_with([',', '-', '–', '—', '…']) || last.ends_with("...") {
        return true;
    }
    if partial_number(text) {
        return true;
    }
    if last.ends_with(['.', '?', '!', '。', '？', '！']) {
        return false;
    }
    let word = last.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    OPEN_WORDS.contains(&word.as_str())
}

/// Whether the last words are digits of which more must come. One or two
/// digits are an amount, seven or ten and more a telephone number.
fn partial_number(text: &str) -> bool {
    let mut digits = 0;
    for word in text.split_whitespace().rev() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        if DIGIT_WORDS.contains(&word.as_str()) {
            digits += 1;
        } else if !word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || c == '-') {
            digits += word.chars().filter(char::is_ascii_digit).count();
        } else {
            break;
        }
    }
    matches!(digits, 3..=6 | 8 | 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_sentences_end_soon() {
        for text in [
            "what are your hours",
            "Yes.",
            "no thanks",
            "I need two",
            "call 415 555 0123",
            "five five five oh one two three",
            "",
            "¿qué hora es?",
            "the room is fifteen",
        ] {
            assert_eq!(wait_after(text), COMPLETE, "{text}");
        }
    }

    #[test]
    fn open_ends_wait_longer() {
        for text in [
            "I would like to",
            "and",
            "my number is four one five",
            "it is 415-555",
            "well, um",
            "the thing is,",
            "I was thinking...",
            "Ich komme und",
            "My name is",
        ] {
            assert_eq!(wait_after(text), INCOMPLETE, "{text}");
        }
    }
}
