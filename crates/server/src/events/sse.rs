//! Frames of a server-sent event stream, in the one form every client reads.
//!
//! `event:` first, then exactly one `data:` line, then a blank line: the
//! Python client reads line by line (contract §5.10). JSON escapes every
//! line break, so `data` is always one line.

use bytes::Bytes;
use serde::Serialize;

/// The comment that keeps a silent stream alive.
pub const HEARTBEAT: &[u8] = b": heartbeat\n\n";

/// One event.
#[must_use]
pub fn frame(event: &'static str, data: &impl Serialize) -> Bytes {
    let mut text = format!("event: {event}\ndata: ").into_bytes();
    if serde_json::to_writer(&mut text, data).is_err() {
        // Only maps with keys that are not strings fail; no event has one.
        return Bytes::from_static(HEARTBEAT);
    }
    text.extend_from_slice(b"\n\n");
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_one_line_whatever_the_words() {
        let frame = frame("turn", &serde_json::json!({"content": "a\nb\r\u{2028}\n\n"}));
        let text = std::str::from_utf8(&frame).unwrap();
        assert!(text.starts_with("event: turn\ndata: {"));
        assert!(text.ends_with("}\n\n"));
        assert_eq!(text.lines().count(), 3);
        assert_eq!(text.matches('\n').count(), 3);
    }
}
