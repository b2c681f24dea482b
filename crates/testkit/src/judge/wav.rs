//! Reads recordings strictly: what a player might forgive is an error here.

/// A decoded recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Samples per second.
    pub rate: u32,
    /// One vector per channel, all of the same length.
    pub channels: Vec<Vec<i16>>,
}

/// The file is not a valid 16-bit PCM WAV file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// No RIFF/WAVE header.
    #[error("no RIFF/WAVE header")]
    NotWav,
    /// A length says something else than the file.
    #[error("{what} says {said} bytes, the file holds {held}")]
    Length {
        /// Which length.
        what: &'static str,
        /// By the header.
        said: usize,
        /// In the file.
        held: usize,
    },
    /// Not 16-bit PCM.
    #[error("format {format} with {bits} bits is not 16-bit PCM")]
    Format {
        /// The format tag.
        format: u16,
        /// Bits per sample.
        bits: u16,
    },
    /// There is no `fmt ` or no `data` chunk.
    #[error("no {0} chunk")]
    Missing(&'static str),
}

impl Recording {
    /// Parses a file.
    ///
    /// # Errors
    /// [`WavError`] also when the lengths in the header do not fit the file, so
    /// that a recording cut short is told from a finished one.
    pub fn parse(bytes: &[u8]) -> Result<Self, WavError> {
        if bytes.len() < 12 || &bytes[..4] != b"RIFF" || &bytes[8..12] != b"WAVE" {
            return Err(WavError::NotWav);
        }
        let riff = u32_at(bytes, 4);
        if riff + 8 != bytes.len() {
            return Err(WavError::Length { what: "RIFF", said: riff + 8, held: bytes.len() });
        }
        let mut at = 12;
        let mut format = None;
        while at + 8 <= bytes.len() {
            let (id, length) = (&bytes[at..at + 4], u32_at(bytes, at + 4));
            let body = &bytes[at + 8..];
            if length > body.len() {
                return Err(WavError::Length { what: "chunk", said: length, held: body.len() });
            }
            let body = &body[..length];
            match id {
                b"fmt " if length >= 16 => format = Some(body),
                b"data" => {
                    let format = format.ok_or(WavError::Missing("fmt"))?;
                    return Self::decode(format, body);
                }
                _ => {}
            }
            at += 8 + length + length % 2;
        }
        Err(WavError::Missing("data"))
    }

    fn decode(format: &[u8], data: &[u8]) -> Result<Self, WavError> {
        let (tag, channels, bits) = (u16_at(format, 0), u16_at(format, 2), u16_at(format, 14));
        if tag != 1 || bits != 16 || channels == 0 {
            return Err(WavError::Format { format: tag, bits });
        }
        let count = usize::from(channels);
        let mut out = vec![Vec::with_capacity(data.len() / 2 / count); count];
        for frame in data.chunks_exact(2 * count) {
            for (channel, bytes) in out.iter_mut().zip(frame.chunks_exact(2)) {
                channel.push(i16::from_le_bytes([bytes[0], bytes[1]]));
            }
        }
        Ok(Self { rate: u32_at(format, 4) as u32, channels: out })
    }

    /// The caller's side of a call recording.
    #[must_use]
    pub fn left(&self) -> &[i16] {
        self.channels.first().map_or(&[], Vec::as_slice)
    }

    /// The agent's side of a call recording.
    #[must_use]
    pub fn right(&self) -> &[i16] {
        self.channels.get(1).map_or(&[], Vec::as_slice)
    }
}

/// A WAV file of 16-bit PCM; channels are cut to the shortest.
#[must_use]
pub fn write(rate: u32, channels: &[&[i16]]) -> Vec<u8> {
    let frames = channels.iter().map(|c| c.len()).min().unwrap_or(0);
    let count = u16::try_from(channels.len()).unwrap_or(u16::MAX);
    let data = u32::try_from(frames * channels.len() * 2).unwrap_or(u32::MAX - 36);
    let mut out = Vec::with_capacity(44 + data as usize);
    out.extend(b"RIFF");
    out.extend((data + 36).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16_u32.to_le_bytes());
    out.extend(1_u16.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend((rate * u32::from(count) * 2).to_le_bytes());
    out.extend((count * 2).to_le_bytes());
    out.extend(16_u16.to_le_bytes());
    out.extend(b"data");
    out.extend(data.to_le_bytes());
    for frame in 0..frames {
        for channel in channels {
            out.extend(channel[frame].to_le_bytes());
        }
    }
    out
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_come_back_apart() {
        let bytes = write(16_000, &[&[1, 2, 3], &[-1, -2, -3]]);
        let recording = Recording::parse(&bytes).unwrap();
        assert_eq!(
            (recording.rate, recording.left(), recording.right()),
            (16_000, &[1, 2, 3][..], &[-1, -2, -3][..])
        );
    }

    #[test]
    fn a_header_that_promises_more_than_the_file_is_an_error() {
        let mut bytes = write(8000, &[&[1; 100]]);
        bytes.truncate(100);
        assert!(matches!(Recording::parse(&bytes), Err(WavError::Length { what: "RIFF", .. })));
        assert_eq!(Recording::parse(b"<html>"), Err(WavError::NotWav));
    }
}
