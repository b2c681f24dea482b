//! What of a text can be spoken.

/// Characters of one clause beyond which the rest is not spoken: some two
/// minutes. A model that never ends its sentence must not fill memory.
const LONGEST_CLAUSE: usize = 2000;
/// Longest stretch given to an engine in one piece, characters; longer ones
/// delay the first sound and the reaction to an interruption.
const LONGEST_PIECE: usize = 240;

/// Strips markup, emoji and control characters; `None` if nothing to say is left.
pub(super) fn speakable(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len().min(LONGEST_CLAUSE * 2));
    let mut rest = text.chars().take(LONGEST_CLAUSE).peekable();
    let mut in_tag = false;
    while let Some(c) = rest.next() {
        match c {
            '>' if in_tag => in_tag = false,
            _ if in_tag => {}
            '<' if rest.peek().is_some_and(|n| n.is_ascii_alphabetic() || *n == '/')
                && text.contains('>') =>
            {
                in_tag = true;
                out.push(' ');
            }
            '*' | '_' | '#' | '`' | '~' | '|' | '<' | '>' | '[' | ']' | '{' | '}' | '\\' | '^' => {
                out.push(' ')
            }
            _ if c.is_control() || is_pictogram(c) => out.push(' '),
            _ => out.push(c),
        }
    }
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    out.chars().any(char::is_alphanumeric).then_some(out)
}

/// Cuts at sentence ends, else at commas, else between words.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some((limit, _)) = rest.char_indices().nth(LONGEST_PIECE) {
        let head = &rest[..limit];
        let cut = [". ", "! ", "? ", "; ", ", ", " "]
            .iter()
            .find_map(|end| head.rfind(end).map(|at| at + end.len()).filter(|&at| at > limit / 4))
            .unwrap_or(limit);
        found.push(rest[..cut].trim());
        rest = rest[cut..].trim_start();
    }
    if !rest.is_empty() {
        found.push(rest);
    }
    found
}

/// ASCII for engines that know no other: quotes and dashes replaced, accents
/// dropped, the rest a space.
pub(super) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2018}' | '\u{2019}' => out.push('\''),
            '\u{201c}' | '\u{201d}' => out.push('"'),
            '\u{2013}' | '\u{2014}' => out.push_str(", "),
            '\u{2026}' => out.push_str("..."),
            '£' => out.push_str(" pounds "),
            '€' => out.push_str(" euros "),
            '°' => out.push_str(" degrees "),
            'à'..='å' => out.push('a'),
            'À'..='Å' => out.push('A'),
            'ç' => out.push('c'),
            'è'..='ë' => out.push('e'),
            'È'..='Ë' => out.push('E'),
            'ì'..='ï' => out.push('i'),
            'ñ' => out.push('n'),
            'ò'..='ö' => out.push('o'),
            'Ò'..='Ö' => out.push('O'),
            'ù'..='ü' => out.push('u'),
            'ß' => out.push_str("ss"),
            _ if c.is_ascii() => out.push(c),
            _ => out.push(' '),
        }
    }
    out
}

fn is_pictogram(c: char) -> bool {
    matches!(c,
        '\u{2190}'..='\u{2bff}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f000}'..='\u{1faff}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{fffc}' | '\u{fffd}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_emoji_are_not_spoken() {
        assert_eq!(speakable("**Hi** 😀 <b>there</b>, _you_!").as_deref(), Some("Hi there , you !"));
        assert_eq!(speakable("😀 ✨ ..."), None);
        assert_eq!(speakable("a\u{0}b").as_deref(), Some("a b"));
        assert_eq!(speakable("3 < 4").as_deref(), Some("3 4"));
    }

    #[test]
    fn letters_of_every_script_are_kept() {
        for text in ["नमस्ते", "สวัสดี", "你好", "Здравствуйте", "مرحبا"]
        {
            assert_eq!(speakable(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn long_text_is_cut_between_words_and_bounded() {
        let text = "one two three, ".repeat(1000);
        let clean = speakable(&text).unwrap();
        assert!(clean.chars().count() <= LONGEST_CLAUSE);
        let parts = pieces(&clean);
        assert!(parts.len() > 5);
        assert!(parts.iter().all(|p| p.len() <= LONGEST_PIECE && !p.is_empty()));
        assert_eq!(parts.join(" "), clean);
        assert!(pieces(&"x".repeat(1000)).iter().all(|p| p.len() <= LONGEST_PIECE));
    }

    #[test]
    fn ascii_keeps_what_it_can() {
        assert_eq!(ascii("caf\u{e9} \u{2019}s 你"), "cafe 's  ");
    }
}
