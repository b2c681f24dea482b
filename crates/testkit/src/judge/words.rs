//! How alike two texts are, word by word.

use std::collections::HashMap;

/// Lower-case words without punctuation.
#[must_use]
pub fn words_of(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Word error rate: substitutions, deletions and insertions per reference
/// word. 0 is equal; above 1 when much was invented. An empty reference gives
/// the number of words heard.
#[must_use]
pub fn word_error_rate(reference: &str, heard: &str) -> f64 {
    let (reference, heard) = (words_of(reference), words_of(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, wanted) in reference.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, word) in heard.iter().enumerate() {
            let change = diagonal + usize::from(wanted != word);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[heard.len()] as f64 / reference.len().max(1) as f64
}

/// Share of the reference's words that occur in `heard`, in any order, 0 to 1.
#[must_use]
pub fn word_overlap(reference: &str, heard: &str) -> f64 {
    let reference = words_of(reference);
    let mut left: HashMap<String, usize> = HashMap::new();
    for word in words_of(heard) {
        *left.entry(word).or_default() += 1;
    }
    let found = reference
        .iter()
        .filter(|word| left.get_mut(*word).is_some_and(|n| n.checked_sub(1).map(|m| *n = m).is_some()))
        .count();
    found as f64 / reference.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_punctuation_do_not_count() {
        assert_eq!(word_error_rate("What are your hours?", "what are YOUR hours"), 0.0);
        assert_eq!(word_overlap("Hello, Bob!", "bob hello"), 1.0);
    }

    #[test]
    fn each_kind_of_error_counts_once() {
        assert_eq!(word_error_rate("a b c d", "a x c d"), 0.25);
        assert_eq!(word_error_rate("a b c d", "a c d"), 0.25);
        assert_eq!(word_error_rate("a b c d", "a b y c d"), 0.25);
        assert_eq!(word_error_rate("a b", ""), 1.0);
    }

    #[test]
    fn a_word_is_found_only_as_often_as_it_was_said() {
        assert_eq!(word_overlap("no no no no", "no no"), 0.5);
    }
}
