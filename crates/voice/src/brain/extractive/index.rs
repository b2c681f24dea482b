//! Sentences, ranked against words (BM25).

use super::words::{likeness, question_terms, terms};

/// More sentences than this are not looked at.
const MAX_SENTENCES: usize = 2_000;
/// Words of a question beyond these are not looked for.
const MAX_TERMS: usize = 40;
/// Saturation of repeated words: the usual value.
const K1: f64 = 1.2;
/// Weight of a sentence's length: the usual value.
const B: f64 = 0.75;
/// The best sentence must reach this share of what a sentence with exactly
/// the rarest asked word would score; below it nothing is quoted.
const THRESHOLD: f64 = 0.35;
/// A second sentence is spoken when it is nearly as good as the first.
const NEARLY: f64 = 0.8;

/// Sentences on how to behave seldom answer anybody.
const BEHAVIOUR: f64 = 0.4;

/// The sentences of one prompt.
#[derive(Debug)]
pub(super) struct Index {
    sentences: Vec<Sentence>,
    average_length: f64,
}

#[derive(Debug)]
struct Sentence {
    text: String,
    terms: Vec<String>,
    weight: f64,
}

impl Index {
    pub(super) fn new(prompt: &str) -> Self {
        let sentences: Vec<Sentence> = sentences(prompt)
            .take(MAX_SENTENCES)
            .map(|text| Sentence {
                terms: terms(&text),
                weight: if is_instruction(&text) { BEHAVIOUR } else { 1.0 },
                text,
            })
            .filter(|sentence| !sentence.terms.is_empty())
            .collect();
        let total: usize = sentences.iter().map(|sentence| sentence.terms.len()).sum();
        let average_length = total as f64 / sentences.len().max(1) as f64;
        Self { sentences, average_length }
    }

    /// The sentence that fits the words best, with its equal if it has one.
    pub(super) fn best(&self, words: &str) -> Option<String> {
        let mut asked = question_terms(words);
        asked.truncate(MAX_TERMS);
        // What each asked term is worth, and how well each sentence holds it.
        let mut scores = vec![0.0; self.sentences.len()];
        let mut rarest: f64 = 0.0;
        for (term, weight) in &asked {
            let held: Vec<f64> = self.sentences.iter().map(|s| s.holds(term)).collect();
            let containing = held.iter().filter(|&&count| count > 0.0).count() as f64;
            if containing == 0.0 {
                continue;
            }
            let total = self.sentences.len() as f64;
            let worth = weight * (1.0 + (total - containing + 0.5) / (containing + 0.5)).ln();
            rarest = rarest.max(worth);
            for ((score, sentence), count) in scores.iter_mut().zip(&self.sentences).zip(held) {
                let length = 1.0 - B + B * sentence.terms.len() as f64 / self.average_length;
                *score += sentence.weight * worth * count * (K1 + 1.0) / (count + K1 * length);
            }
        }
        let mut ranked: Vec<usize> = (0..scores.len()).filter(|&at| scores[at] > 0.0).collect();
        ranked.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let best = *ranked.first()?;
        if scores[best] < THRESHOLD * rarest {
            return None;
        }
        let mut chosen = vec![best];
        chosen.extend(ranked.get(1).copied().filter(|&next| scores[next] >= NEARLY * scores[best]));
        chosen.sort_unstable();
        Some(chosen.iter().map(|&at| self.sentences[at].text.as_str()).collect::<Vec<_>>().join(" "))
    }
}

impl Sentence {
    /// How often the term occurs, misheard forms counting less.
    fn holds(&self, term: &str) -> f64 {
        self.terms.iter().map(|own| likeness(own, term)).sum()
    }
}

/// Sentences and list items, tidied for speech.
fn sentences(prompt: &str) -> impl Iterator<Item = String> {
    prompt.lines().flat_map(|line| {
        let line = line.trim().trim_start_matches(['-', '*', '#', '•', '>', ' ']);
        let mut found = Vec::new();
        let mut start = 0;
        let mut chars = line.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let ends = matches!(c, '.' | '!' | '?' | '。' | '！' | '？');
            let before = line[start..at].split_whitespace().next_back().unwrap_or_default();
            let short_form = c == '.'
                && ["Mr", "Mrs", "Ms", "Dr", "St", "No", "e.g", "i.e", "a.m", "p.m"].contains(&before);
            if ends && !short_form && chars.peek().is_none_or(|(_, next)| next.is_whitespace()) {
                found.push(line[start..at + c.len_utf8()].trim().to_owned());
                start = at + c.len_utf8();
            }
        }
        let rest = line[start..].trim();
        if !rest.is_empty() {
            found.push(format!("{}.", rest.trim_end_matches([':', ',', ';'])));
        }
        found
    })
}

/// Whether the sentence tells the agent how to behave.
fn is_instruction(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    [
        "you are ",
        "you're ",
        "your job",
        "your task",
        "your role",
        "your goal",
        "be ",
        "always ",
        "never ",
        "do not ",
        "don't ",
        "speak ",
        "answer ",
        "respond ",
        "keep ",
        "greet ",
        "act as",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
}
