//! What a webhook may answer: one JSON object, or NDJSON (`webhooks.md` §6).

use serde_json::{Map, Value};

use crate::brain::markup::Markup;

/// Characters of one line that are spoken.
const MAX_TEXT_CHARS: usize = 8_000;
/// Keys of one line that are pressed.
const MAX_DIGITS: usize = 64;
/// A line longer than this is skipped.
const MAX_LINE_BYTES: usize = 256 * 1024;
/// Lines after these are not read.
const MAX_LINES: usize = 1_000;

/// One object of a reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// Words, without markup; none when there are none.
    pub text: Option<String>,
    /// More follows.
    pub interim: bool,
    pub hangup: bool,
    pub transfer: bool,
    pub digits: Option<String>,
}

impl Reply {
    fn from_object(object: &Map<String, Value>) -> Self {
        let action = object.get("action").and_then(Value::as_str);
        Self {
            text: object.get("text").and_then(Value::as_str).and_then(speakable),
            interim: object.get("interim") == Some(&Value::Bool(true)),
            hangup: object.get("hangup") == Some(&Value::Bool(true)) || action == Some("hangup"),
            transfer: action == Some("transfer"),
            digits: ["digits", "press_digit", "dtmf"].iter().find_map(|key| digits(object.get(*key)?)),
        }
    }
}

/// Reads a body as it arrives.
///
/// Whether it is one object or many is told by its content: when the first
/// line alone is JSON the body is taken line by line, else as a whole.
#[derive(Debug)]
pub(super) struct ReplyReader {
    form: Form,
    buffer: Vec<u8>,
    /// Inside a line that is too long.
    skipping: bool,
    lines: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Unknown,
    Lines,
    Whole,
}

impl ReplyReader {
    /// `ndjson`: the content type says so.
    pub(super) fn new(ndjson: bool) -> Self {
        let form = if ndjson { Form::Lines } else { Form::Unknown };
        Self { form, buffer: Vec::new(), skipping: false, lines: 0 }
    }

    /// Takes the next bytes; returns the objects completed by them.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Reply> {
        self.buffer.extend_from_slice(bytes);
        let mut replies = Vec::new();
        while self.form != Form::Whole && self.lines < MAX_LINES {
            let Some(end) = self.buffer.iter().position(|&b| b == b'\n') else { break };
            let line = self.buffer[..=end].trim_ascii();
            if self.form == Form::Unknown && !line.is_empty() {
                let is_json = serde_json::from_slice::<Value>(line).is_ok();
                self.form = if is_json { Form::Lines } else { Form::Whole };
                continue;
            }
            replies.extend(object(line).filter(|_| !self.skipping));
            self.skipping = false;
            self.lines += 1;
            self.buffer.drain(..=end);
        }
        if self.form == Form::Lines && self.buffer.len() > MAX_LINE_BYTES {
            self.buffer.clear();
            self.skipping = true;
        }
        replies
    }

    /// The body has ended; returns what was still open.
    pub(super) fn finish(&mut self) -> Vec<Reply> {
        let rest = std::mem::take(&mut self.buffer);
        if self.form == Form::Lines {
            return object(&rest).filter(|_| !self.skipping && self.lines < MAX_LINES).into_iter().collect();
        }
        match serde_json::from_slice::<Value>(&rest) {
            Ok(Value::Object(object)) => vec![Reply::from_object(&object)],
            Ok(_) => Vec::new(),
            Err(_) => rest.split(|&b| b == b'\n').take(MAX_LINES).filter_map(object).collect(),
        }
    }
}

fn object(line: &[u8]) -> Option<Reply> {
    let object: Map<String, Value> = serde_json::from_slice(line).ok()?;
    Some(Reply::from_object(&object))
}

/// Keys a telephone has, and pauses.
fn digits(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let keys: String =
        text.chars().filter(|c| c.is_ascii_digit() || "*#wW,".contains(*c)).take(MAX_DIGITS).collect();
    (!keys.is_empty()).then_some(keys)
}

/// The text as it can be spoken: tool-call markup taken out, cut to its limit.
fn speakable(text: &str) -> Option<String> {
    let text: String = text.chars().take(MAX_TEXT_CHARS).collect();
    let mut markup = Markup::default();
    let text = format!("{}{}", markup.push(&text), markup.finish());
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, ndjson: bool) -> Vec<Reply> {
        let mut whole = ReplyReader::new(ndjson);
        let mut replies = whole.push(body.as_bytes());
        replies.extend(whole.finish());
        // Byte by byte must be the same.
        let mut slow = ReplyReader::new(ndjson);
        let mut again: Vec<Reply> = body.bytes().flat_map(|byte| slow.push(&[byte])).collect();
        again.extend(slow.finish());
        assert_eq!(replies, again, "{body}");
        replies
    }

    fn texts(body: &str) -> Vec<String> {
        read(body, false).into_iter().filter_map(|reply| reply.text).collect()
    }

    #[test]
    fn one_object_may_be_written_in_any_way() {
        for body in [
            r#"{"text":"hi"}"#,
            "\n{\"text\":\"hi\"}\n\n",
            "{\n  \"text\": \"hi\"\n}\n",
            "{\"text\":\r\n\"hi\"}",
        ] {
            assert_eq!(texts(body), ["hi"], "{body}");
        }
    }

    #[test]
    fn lines_are_known_before_the_body_ends() {
        let mut reader = ReplyReader::new(false);
        let first = reader.push(b"{\"text\":\"one\",\"interim\":true}\n{\"te");
        assert_eq!(first[0].text.as_deref(), Some("one"));
        assert!(first[0].interim);
        assert_eq!(reader.push(b"xt\":\"two\"}\n")[0].text.as_deref(), Some("two"));
    }

    #[test]
    fn what_is_no_object_says_nothing() {
        for body in [
            "",
            " ",
            "\"hi\"",
            "[{\"text\":\"hi\"}]",
            "[\n{\"text\":\"hi\"}\n]",
            "17",
            "null",
            "<html><body>no</body></html>",
            "{\"text\":5}",
            "{}",
            "\u{0}\u{1}",
        ] {
            assert_eq!(texts(body), Vec::<String>::new(), "{body}");
        }
    }

    #[test]
    fn malformed_lines_are_skipped() {
        let body = "{\"text\":\"one\",\"interim\":true}\n{\"text\":\noops\n[1]\n{\"text\":\"two\"}";
        assert_eq!(texts(body), ["one", "two"]);
        assert_eq!(read("oops\n{\"text\":\"two\"}\n", true).len(), 1);
        assert_eq!(texts("oops\n{\"text\":\"two\"}\n"), ["two"]);
    }

    #[test]
    fn lines_beyond_reason_are_skipped() {
        let mut reader = ReplyReader::new(true);
        for _ in 0..100 {
            assert!(reader.push(&[b'x'; 10_000]).is_empty());
        }
        assert_eq!(reader.push(b"\n{\"text\":\"two\"}\n").len(), 1);
    }

    #[test]
    fn actions_and_their_aliases_are_read() {
        let one = |body: &str| read(body, false).remove(0);
        assert!(one(r#"{"hangup":true}"#).hangup);
        assert!(one(r#"{"action":"hangup"}"#).hangup);
        assert!(one(r#"{"action":"transfer","transferNumber":"+1"}"#).transfer);
        assert_eq!(one(r#"{"digits":"1w2#","dtmf":"9"}"#).digits.as_deref(), Some("1w2#"));
        assert_eq!(one(r#"{"press_digit":5}"#).digits.as_deref(), Some("5"));
        assert_eq!(one(r#"{"dtmf":"a;b"}"#).digits, None);
        assert_eq!(one(r#"{"hangup":"yes","interim":1,"action":7}"#), Reply::default());
    }

    #[test]
    fn markup_and_excess_are_not_spoken() {
        assert_eq!(speakable("One moment. <tool_call>{}</tool_call>").as_deref(), Some("One moment."));
        assert_eq!(speakable("<think>hm</think> "), None);
        assert_eq!(speakable(&"x".repeat(9_000)).unwrap().len(), 8_000);
    }
}
