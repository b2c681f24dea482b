//! Words: stems, tolerance for misrecognition, and what a caller wants.

/// Words too common to find anything by.
const STOP_WORDS: [&str; 88] = [
    "a", "an", "the", "and", "or", "but", "if", "of", "to", "in", "on", "at", "by", "for", "with", "from",
    "as", "is", "are", "was", "were", "be", "been", "am", "do", "does", "did", "have", "has", "had", "i",
    "me", "my", "you", "your", "we", "us", "our", "he", "she", "it", "its", "they", "them", "their", "this",
    "that", "these", "those", "what", "which", "who", "when", "where", "how", "why", "can", "could", "will",
    "would", "should", "may", "might", "please", "tell", "know", "about", "there", "here", "so", "um", "uh",
    "hi", "hello", "hey", "yes", "yeah", "no", "not", "just", "like", "want", "need", "get", "some", "any",
    "let", "okay",
];

/// Words that only thank.
const THANKS: [&str; 12] =
    ["thanks", "thank", "you", "very", "much", "so", "great", "okay", "ok", "perfect", "good", "all"];

/// Words that only greet, or say that one listens.
const GREETINGS: [&str; 33] = [
    "hello",
    "hi",
    "hey",
    "hallo",
    "good",
    "morning",
    "afternoon",
    "evening",
    "day",
    "there",
    "yes",
    "yeah",
    "yep",
    "okay",
    "ok",
    "um",
    "uh",
    "hmm",
    "oh",
    "well",
    "so",
    "anybody",
    "anyone",
    "is",
    "this",
    "who",
    "are",
    "you",
    "how",
    "can",
    "hear",
    "me",
    "speaking",
];

/// Everyday words, and what a prompt is likely to call the same thing.
const SAME: [(&str, &[&str]); 12] = [
    ("cost", &["price", "charge", "fee"]),
    ("price", &["cost", "charge", "fee"]),
    ("much", &["price", "cost", "charge"]),
    ("hour", &["open", "close"]),
    ("open", &["hour"]),
    ("close", &["hour", "open"]),
    ("locate", &["address", "street"]),
    ("address", &["locate", "street"]),
    ("where", &["address", "locate", "street"]),
    ("when", &["open", "hour"]),
    ("phone", &["number", "call"]),
    ("email", &["mail"]),
];

/// What the caller wants, as far as fixed words can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    Goodbye,
    Transfer,
    Thanks,
    Greeting,
    Question,
}

impl Intent {
    /// Fixed phrases only: never act on a resemblance.
    pub(super) fn of(text: &str) -> Self {
        let words = split(text);
        let has = |wanted: &str| words.iter().any(|word| word == wanted);
        let phrase = |wanted: &[&str]| words.windows(wanted.len()).any(|window| window == wanted);
        if has("transfer")
            || has("human")
            || has("representative")
            || has("operator")
            || phrase(&["real", "person"])
            || phrase(&["talk", "to", "somebody"])
            || phrase(&["speak", "to", "somebody"])
            || phrase(&["talk", "to", "someone"])
            || phrase(&["speak", "to", "someone"])
        {
            return Self::Transfer;
        }
        if has("goodbye") || has("bye") || phrase(&["good", "bye"]) || phrase(&["hang", "up"]) {
            return Self::Goodbye;
        }
        if (has("thanks") || has("thank")) && words.iter().all(|word| THANKS.contains(&word.as_str())) {
            return Self::Thanks;
        }
        if words.iter().all(|word| GREETINGS.contains(&word.as_str())) {
            return Self::Greeting;
        }
        Self::Question
    }
}

/// Lower-case words.
pub(super) fn split(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.trim_matches('\'').to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Stems of the words worth looking for.
pub(super) fn terms(text: &str) -> Vec<String> {
    let words = split(text);
    words.iter().filter(|word| !STOP_WORDS.contains(&word.as_str())).map(|word| stem(word)).collect()
}

/// The terms of a question with their weights: its own words, then what a
/// prompt may call them.
pub(super) fn question_terms(text: &str) -> Vec<(String, f64)> {
    let mut found: Vec<(String, f64)> = Vec::new();
    let mut add = |term: String, weight: f64| match found.iter_mut().find(|(known, _)| *known == term) {
        Some((_, known)) => *known = known.max(weight),
        None => found.push((term, weight)),
    };
    for word in split(text) {
        let own = stem(&word);
        for (_, others) in SAME.iter().filter(|(from, _)| stem(from) == own) {
            for other in *others {
                add(stem(other), 0.5);
            }
        }
        if !STOP_WORDS.contains(&word.as_str()) {
            add(own, 1.0);
        }
    }
    found
}

/// Takes the commonest English endings off.
pub(super) fn stem(word: &str) -> String {
    let word = word.strip_suffix("'s").unwrap_or(word);
    for (ending, replacement, shortest) in [
        ("ations", "ate", 8),
        ("ation", "ate", 7),
        ("ings", "", 7),
        ("ing", "", 6),
        ("ies", "y", 5),
        ("sses", "ss", 6),
        ("ated", "ate", 6),
        ("ed", "", 5),
        ("es", "", 5),
        ("s", "", 4),
    ] {
        if word.len() >= shortest
            && !(ending == "s" && word.ends_with("ss"))
            && let Some(root) = word.strip_suffix(ending)
        {
            let root = format!("{root}{replacement}");
            return root.strip_suffix('e').filter(|cut| cut.len() >= 4).unwrap_or(&root).to_owned();
        }
    }
    word.strip_suffix('e').filter(|cut| cut.len() >= 4).unwrap_or(word).to_owned()
}

/// How alike two stems are: 1 the same, less when one may be a misheard
/// other, 0 when they are different words.
pub(super) fn likeness(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let longer = a.chars().count().max(b.chars().count());
    let allowed = match longer {
        0..=4 => return 0.0,
        5..=7 => 1,
        _ => 2,
    };
    if distance_within(a, b, allowed) { 0.6 } else { 0.0 }
}

/// Whether at most `limit` letters must be changed, added or taken away.
fn distance_within(a: &str, b: &str, limit: usize) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return false;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = cost;
        }
    }
    row[b.len()] <= limit
}
