//! What the caller has heard of a text, from how much of its sound was played.

use crate::speech::TextMark;

/// The text of one utterance and where it meets the sound.
#[derive(Debug, Clone, Default)]
pub struct SpokenText {
    text: String,
    marks: Vec<TextMark>,
}

impl SpokenText {
    /// Appends a clause.
    pub fn push(&mut self, clause: &str) {
        self.text.push_str(clause);
    }

    /// Notes where text and sound meet. Marks that go backwards, or point
    /// outside of the text or into a character, are ignored.
    pub fn mark(&mut self, mark: TextMark) {
        let last = self.marks.last().copied().unwrap_or(TextMark { at_sample: 0, text_bytes: 0 });
        if mark.at_sample >= last.at_sample
            && mark.text_bytes >= last.text_bytes
            && self.text.is_char_boundary(mark.text_bytes)
        {
            self.marks.push(mark);
        }
    }

    /// All of the text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of text whose sound is complete.
    #[must_use]
    pub fn sounded_bytes(&self) -> usize {
        self.marks.last().map_or(0, |mark| mark.text_bytes)
    }

    /// The text heard once `played` samples have left: whole words only,
    /// between two marks by proportion.
    #[must_use]
    pub fn heard(&self, played: u64) -> &str {
        let mut before = TextMark { at_sample: 0, text_bytes: 0 };
        for &mark in &self.marks {
            if mark.at_sample > played {
                return self.words_until(before, mark, played);
            }
            before = mark;
        }
        self.text[..before.text_bytes].trim()
    }

    fn words_until(&self, before: TextMark, after: TextMark, played: u64) -> &str {
        let span = u128::from(after.at_sample - before.at_sample);
        let part = u128::from(played.saturating_sub(before.at_sample));
        let bytes = (after.text_bytes - before.text_bytes) as u128;
        let reach = usize::try_from(bytes * part / span.max(1)).unwrap_or(0);
        let clause = &self.text[before.text_bytes..after.text_bytes];
        // A word counts when all of it was reached.
        let mut end = 0;
        for (at, c) in clause.char_indices() {
            if at > reach {
                break;
            }
            if c.is_whitespace() {
                end = at;
            }
        }
        self.text[..before.text_bytes + end].trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken() -> SpokenText {
        let mut spoken = SpokenText::default();
        spoken.push("We open at nine. ");
        spoken.push("We close at five.");
        spoken.mark(TextMark { at_sample: 1700, text_bytes: 17 });
        spoken.mark(TextMark { at_sample: 3400, text_bytes: 34 });
        spoken
    }

    #[test]
    fn a_cut_text_ends_on_a_whole_word() {
        assert_eq!(spoken().heard(0), "");
        assert_eq!(spoken().heard(150), "");
        assert_eq!(spoken().heard(250), "We");
        assert_eq!(spoken().heard(1699), "We open at nine.");
        assert_eq!(spoken().heard(1700), "We open at nine.");
        assert_eq!(spoken().heard(2600), "We open at nine. We close");
        assert_eq!(spoken().heard(9999), "We open at nine. We close at five.");
    }

    #[test]
    fn bad_marks_do_no_harm() {
        let mut spoken = SpokenText::default();
        spoken.push("Grüße an alle");
        for (at_sample, text_bytes) in [(100, 3), (100, 99), (200, 7), (50, 8), (200, 7), (300, 15)] {
            spoken.mark(TextMark { at_sample, text_bytes });
        }
        assert_eq!(spoken.heard(200), "Grüße");
        assert_eq!(spoken.heard(299), "Grüße an");
        assert_eq!(spoken.heard(300), "Grüße an alle");
    }
}
