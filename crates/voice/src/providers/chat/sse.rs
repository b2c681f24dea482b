//! Server-sent events, as far as completions use them: `data:` lines.

use super::{ChatError, connection};

/// An event longer than this is no token.
const MAX_LINE_BYTES: usize = 1 << 20;
/// A completion longer than this is no speech.
const MAX_STREAM_BYTES: usize = 8 << 20;

/// Reads the `data` of one event after the other.
pub(super) struct SseLines {
    response: reqwest::Response,
    buffer: Vec<u8>,
    seen: usize,
}

impl SseLines {
    pub(super) fn new(response: reqwest::Response) -> Self {
        Self { response, buffer: Vec::new(), seen: 0 }
    }

    /// The next event's data; none at the end. Comments and other fields are skipped.
    pub(super) async fn next_data(&mut self) -> Result<Option<String>, ChatError> {
        loop {
            while let Some(end) = self.buffer.iter().position(|&b| b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                if let Some(data) = data_of(&line) {
                    return Ok(Some(data));
                }
            }
            if self.buffer.len() > MAX_LINE_BYTES || self.seen > MAX_STREAM_BYTES {
                return Err(ChatError::Garbage { what: "it is too long" });
            }
            match self.response.chunk().await.map_err(|error| connection(&error))? {
                Some(chunk) => {
                    self.seen += chunk.len();
                    self.buffer.extend_from_slice(&chunk);
                }
                None => return Ok(data_of(&std::mem::take(&mut self.buffer))),
            }
        }
    }
}

fn data_of(line: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(line);
    let data = line.trim_end().strip_prefix("data:")?.trim_start();
    (!data.is_empty()).then(|| data.to_owned())
}
