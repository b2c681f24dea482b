//! Cuts words that arrive piece by piece into clauses that can be spoken.

/// The first clause may end at a comma after this many characters, so that
/// speech begins soon.
const FIRST_SOFT: usize = 25;
/// Later ones wait for more: longer clauses sound better.
const LATER_SOFT: usize = 80;
/// A clause without any mark is cut at a space after this many characters.
const LONGEST: usize = 240;

/// Words with a full stop that ends no sentence.
const SHORT_FORMS: [&str; 12] =
    ["mr.", "mrs.", "ms.", "dr.", "st.", "no.", "vs.", "e.g.", "i.e.", "a.m.", "p.m.", "approx."];

/// Collects text and hands out clauses. Joined, they are the text.
#[derive(Debug, Default)]
pub(super) struct Clauses {
    buffer: String,
    any: bool,
}

impl Clauses {
    /// Takes the next piece; returns the clauses it completes.
    pub(super) fn push(&mut self, text: &str) -> Vec<String> {
        self.buffer.push_str(text);
        if !self.any {
            let blank = self.buffer.len() - self.buffer.trim_start().len();
            self.buffer.drain(..blank);
        }
        let mut found = Vec::new();
        while let Some(end) = self.end() {
            found.push(self.buffer.drain(..end).collect());
            self.any = true;
        }
        found
    }

    /// What is no clause yet.
    pub(super) fn rest(&self) -> &str {
        &self.buffer
    }

    /// Whatever is left, followed by a space for what may come later.
    pub(super) fn flush(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.buffer);
        let rest = rest.trim_end();
        if rest.is_empty() {
            return None;
        }
        self.any = true;
        Some(format!("{rest} "))
    }

    /// Where the first complete clause ends: after the space that follows it.
    fn end(&self) -> Option<usize> {
        let soft_from = if self.any { LATER_SOFT } else { FIRST_SOFT };
        let mut before = None;
        for (count, (at, c)) in self.buffer.char_indices().enumerate() {
            if c.is_whitespace() {
                let cut = match before {
                    Some('.') => !self.ends_in_short_form(at),
                    Some('!' | '?' | '…' | '"' | ')') => self.sentence_before(at),
                    Some(',' | ';' | ':' | '—' | '–') => count >= soft_from,
                    _ => c == '\n' && before.is_some() || count >= LONGEST,
                };
                if cut {
                    return Some(at + c.len_utf8());
                }
            } else if matches!(c, '。' | '！' | '？') {
                return Some(at + c.len_utf8());
            } else if count >= LONGEST * 2 {
                return Some(at);
            }
            before = Some(c);
        }
        None
    }

    fn ends_in_short_form(&self, at: usize) -> bool {
        let word = self.buffer[..at].split_whitespace().next_back().unwrap_or_default().to_lowercase();
        SHORT_FORMS.contains(&word.as_str())
    }

    /// Whether a sentence ends here, behind closing marks perhaps.
    fn sentence_before(&self, at: usize) -> bool {
        self.buffer[..at].trim_end_matches(['"', ')']).ends_with(['.', '!', '?', '…'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let mut clauses = Clauses::default();
        let mut found: Vec<String> = text.chars().flat_map(|c| clauses.push(&c.to_string())).collect();
        let mut whole = Clauses::default();
        assert_eq!(found, whole.push(text), "pieces must not matter");
        found.extend(clauses.flush());
        found
    }

    #[test]
    fn sentences_are_clauses() {
        assert_eq!(
            cut("Sure! We open at 9.30 a.m. today. Dr. Lee is in. \"Really?\" Yes"),
            ["Sure! ", "We open at 9.30 a.m. today. ", "Dr. Lee is in. ", "\"Really?\" ", "Yes "]
        );
        assert_eq!(cut("こんにちは。元気ですか？"), ["こんにちは。", "元気ですか？"]);
    }

    #[test]
    fn the_first_clause_may_end_at_a_comma() {
        assert_eq!(
            cut("Thank you for calling us today, how can I help you, my friend?"),
            ["Thank you for calling us today, ", "how can I help you, my friend? "]
        );
        assert_eq!(cut("Well, yes, of course."), ["Well, yes, of course. "]);
    }

    #[test]
    fn text_without_marks_is_cut_all_the_same() {
        let words = "word ".repeat(200);
        let clauses = cut(&words);
        assert!(clauses.len() > 2 && clauses.iter().all(|clause| clause.len() <= 500));
        assert_eq!(clauses.concat(), words);
        assert!(cut(&"x".repeat(2_000)).iter().all(|clause| clause.len() <= 500));
    }

    #[test]
    fn blank_text_is_no_clause() {
        assert_eq!(cut("  \n "), Vec::<String>::new());
    }
}
