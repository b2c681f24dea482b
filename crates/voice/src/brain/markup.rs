//! What models write that nobody should hear: thoughts, and tool calls that
//! leak into the words. Taken out piece by piece, as the words stream in.

/// Elements whose content is not spoken.
const HIDDEN: [&str; 18] = [
    "think",
    "thinking",
    "thought",
    "reasoning",
    "reflection",
    "scratchpad",
    "tool_call",
    "tool_calls",
    "tool_use",
    "tool_result",
    "tool_response",
    "function",
    "function_call",
    "function_calls",
    "function_result",
    "function_results",
    "invoke",
    "antml:invoke",
];
/// Special tokens after which models write tool calls; their end ends it.
const TOKENS: [&str; 7] = [
    "tool_call",
    "tool_calls",
    "python_tag",
    "tool▁calls▁begin",
    "tool_calls_section_begin",
    "tool_call_begin",
    "assistant_tool_call",
];
/// Fences of code that is a tool call.
const FENCES: [&str; 4] = ["tool_code", "tool_call", "tool_calls", "function_call"];
/// What Mistral's models write before a tool call; it has no end.
const MISTRAL: &str = "[TOOL_CALLS]";
/// An opening longer than this is text.
const LONGEST_OPENING: usize = 200;

/// Takes markup out of a stream of words.
#[derive(Debug, Default)]
pub(super) struct Markup {
    /// Not yet told apart: the beginning of what may be markup, or hidden text
    /// that may hold the beginning of its end.
    held: String,
    /// Inside of something hidden, until this.
    until: Option<End>,
}

#[derive(Debug, Clone)]
enum End {
    /// This, in any case of letters.
    Text(String),
    /// A special token that names an end.
    Token,
    Never,
}

/// What the beginning of a text is.
enum Kind {
    /// Words.
    Words,
    /// More is needed to tell.
    Unknown,
    /// So many bytes of markup; with something hidden behind it, its end.
    Markup(usize, Option<End>),
}

impl Markup {
    /// Takes the next piece; returns what of it is known to be words.
    pub(super) fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let mut words = String::new();
        loop {
            if let Some(until) = &self.until {
                let Some(end) = until.find(&self.held) else {
                    self.forget_hidden();
                    return words;
                };
                self.held.drain(..end);
                self.until = None;
            }
            let Some(at) = self.held.find(['<', '[', '`']) else {
                words.push_str(&std::mem::take(&mut self.held));
                return words;
            };
            words.extend(self.held.drain(..at));
            match kind(&self.held) {
                Kind::Words => words.extend(self.held.drain(..1)),
                Kind::Unknown => return words,
                Kind::Markup(length, until) => {
                    self.held.drain(..length);
                    self.until = until;
                }
            }
        }
    }

    /// The stream has ended: what was held back is words unless it is hidden.
    pub(super) fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.held);
        let is_begun = self.until.take().is_some() || begins_hidden(&rest);
        if is_begun { String::new() } else { rest }
    }

    /// Keeps only what may hold the beginning of the end.
    fn forget_hidden(&mut self) {
        let mut from = self.held.len().saturating_sub(LONGEST_OPENING);
        while !self.held.is_char_boundary(from) {
            from -= 1;
        }
        self.held.drain(..from);
    }
}

impl End {
    /// Behind the end, if it is there.
    fn find(&self, text: &str) -> Option<usize> {
        match self {
            Self::Never => None,
            // ASCII case does not change where bytes are.
            Self::Text(end) => text.to_ascii_lowercase().find(end.as_str()).map(|at| at + end.len()),
            Self::Token => text.match_indices("<|").find_map(|(at, _)| {
                let length = text[at..].find("|>")?;
                let name = &text[at..at + length];
                ["end", "eom", "eot"].iter().any(|end| name.contains(end)).then_some(at + length + 2)
            }),
        }
    }
}

fn kind(text: &str) -> Kind {
    match text.as_bytes().first() {
        Some(b'<') if text.starts_with("<|") || text == "<" => token(text),
        Some(b'<') => element(text),
        Some(b'[') if text.starts_with(MISTRAL) => Kind::Markup(MISTRAL.len(), Some(End::Never)),
        Some(b'[') if MISTRAL.starts_with(text) => Kind::Unknown,
        Some(b'`') => fence(text),
        _ => Kind::Words,
    }
}

/// `<name …>` and `</name>`; an end without a beginning hides nothing.
fn element(text: &str) -> Kind {
    let inner = &text[1..];
    let (closes, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let length =
        inner.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))).unwrap_or(inner.len());
    let name = inner[..length].to_ascii_lowercase();
    if length == inner.len() {
        let may_be = HIDDEN.iter().any(|hidden| hidden.starts_with(&name));
        return if may_be { Kind::Unknown } else { Kind::Words };
    }
    if !HIDDEN.contains(&name.as_str()) {
        return Kind::Words;
    }
    match text.find('>') {
        None if text.len() <= LONGEST_OPENING => Kind::Unknown,
        None => Kind::Words,
        Some(end) if closes || text[..end].ends_with('/') => Kind::Markup(end + 1, None),
        Some(end) => Kind::Markup(end + 1, Some(End::Text(format!("</{name}>")))),
    }
}

/// `<|name|>`.
fn token(text: &str) -> Kind {
    match text.find("|>") {
        None if text.len() <= LONGEST_OPENING && !text.contains(char::is_whitespace) => Kind::Unknown,
        None => Kind::Words,
        Some(end) => {
            let name = text[..end].trim_start_matches("<|").to_ascii_lowercase();
            let hides = TOKENS.contains(&name.as_str());
            Kind::Markup(end + 2, hides.then_some(End::Token))
        }
    }
}

/// A fence of code that is a tool call.
fn fence(text: &str) -> Kind {
    const MARK: &str = "```";
    let Some(language) = text.strip_prefix(MARK) else {
        return if MARK.starts_with(text) { Kind::Unknown } else { Kind::Words };
    };
    let length = language.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(language.len());
    let name = language[..length].to_ascii_lowercase();
    if length == language.len() && FENCES.iter().any(|fence| fence.starts_with(&name)) {
        return Kind::Unknown;
    }
    if FENCES.contains(&name.as_str()) {
        return Kind::Markup(MARK.len() + length, Some(End::Text(MARK.to_owned())));
    }
    Kind::Words
}

/// Whether a text that broke off is the beginning of something hidden beyond doubt.
fn begins_hidden(text: &str) -> bool {
    let name = text.trim_start_matches(['<', '/', '|', '`']).to_ascii_lowercase();
    let name = name.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
    let known = HIDDEN.contains(&name) || TOKENS.contains(&name) || FENCES.contains(&name);
    !text.starts_with(name) && known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let mut whole = Markup::default();
        let words = format!("{}{}", whole.push(text), whole.finish());
        // Character by character must be the same.
        let mut slow = Markup::default();
        let mut again: String = text.chars().map(|c| slow.push(&c.to_string())).collect();
        again.push_str(&slow.finish());
        assert_eq!(words, again, "{text}");
        words
    }

    #[test]
    fn thoughts_and_tool_calls_are_taken_out() {
        for (raw, spoken) in [
            ("<think>secret</think>Hello.", "Hello."),
            ("<Thinking level=\"3\">a < b </thinking>Hello.", "Hello."),
            ("Hello. <think>never ends", "Hello. "),
            ("too late</think> Hello.", "too late Hello."),
            ("One moment. <tool_call>{\"name\":\"x\"}</tool_call>", "One moment. "),
            ("<function_calls><invoke name=\"x\"></invoke></function_calls>", ""),
            ("Hi <function=f>{\"a\":1}</function>there", "Hi there"),
            ("Sure.\n```tool_code\nprint(1)\n```", "Sure.\n"),
            ("Sure <|tool_call|>x", "Sure "),
            ("Sure <|tool_calls|>x<|tool_calls_end|>!", "Sure !"),
            ("Bye.<|im_end|>", "Bye."),
            ("Yes.[TOOL_CALLS] [{\"name\": \"x\"}]", "Yes."),
            ("Yes <tool_use id=\"1\"", "Yes "),
        ] {
            assert_eq!(read(raw), spoken, "{raw}");
        }
    }

    #[test]
    fn everything_else_is_spoken() {
        for text in [
            "1 < 2 and 3 > 2",
            "a <b>bold</b> claim",
            "I think <thin> is thin",
            "press [1] or [TOOL]",
            "the `code` is ```js x``` and ````",
            "a <",
            "open [",
            "`",
            "<thinkers>",
            "Grüße <日本>",
            "<|",
        ] {
            assert_eq!(read(text), text);
        }
    }

    #[test]
    fn hidden_text_is_not_kept() {
        let mut markup = Markup::default();
        markup.push("<think>");
        for _ in 0..1_000 {
            assert_eq!(markup.push("äöü and so on "), "");
        }
        assert!(markup.held.len() <= 2 * LONGEST_OPENING);
        assert_eq!(markup.push("</think>Yes."), "Yes.");
    }
}
