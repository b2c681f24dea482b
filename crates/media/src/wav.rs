//! WAV files of 16-bit PCM: headers to write, files to read, also broken ones.

/// Bytes of the header written here.
pub const HEADER_BYTES: usize = 44;

/// Sampling of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WavFormat {
    /// 1 or 2; of two, left comes first.
    pub channels: u16,
    /// Samples per second and channel.
    pub rate: u32,
}

/// The header of a file that holds `data_bytes` of audio.
///
/// Written again whenever audio was appended, the file is valid at any
/// moment. Sizes stop growing at 4 GiB, 18 hours of 16 kHz stereo.
#[must_use]
pub fn header(format: WavFormat, data_bytes: u64) -> [u8; HEADER_BYTES] {
    let data = u32::try_from(data_bytes).unwrap_or(u32::MAX - 36).min(u32::MAX - 36);
    let block = format.channels.saturating_mul(2);
    let mut bytes = [0; HEADER_BYTES];
    bytes[0..4].copy_from_slice(b"RIFF");
    bytes[4..8].copy_from_slice(&(data + 36).to_le_bytes());
    bytes[8..16].copy_from_slice(b"WAVEfmt ");
    bytes[16..20].copy_from_slice(&16u32.to_le_bytes());
    bytes[20..22].copy_from_slice(&1u16.to_le_bytes());
    bytes[22..24].copy_from_slice(&format.channels.to_le_bytes());
    bytes[24..28].copy_from_slice(&format.rate.to_le_bytes());
    bytes[28..32].copy_from_slice(&format.rate.saturating_mul(u32::from(block)).to_le_bytes());
    bytes[32..34].copy_from_slice(&block.to_le_bytes());
    bytes[34..36].copy_from_slice(&16u16.to_le_bytes());
    bytes[36..40].copy_from_slice(b"data");
    bytes[40..44].copy_from_slice(&data.to_le_bytes());
    bytes
}

/// A file is not a WAV that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// It does not begin like one.
    #[error("not a RIFF/WAVE file")]
    NotWav,
    /// It says nothing of its sampling before its audio.
    #[error("no fmt chunk before the audio")]
    NoFormat,
    /// Another encoding than 16-bit PCM, or more than two channels.
    #[error("format {format} with {bits} bits and {channels} channels is not 16-bit PCM, mono or stereo")]
    Unsupported {
        /// Format tag.
        format: u16,
        /// Bits per sample.
        bits: u16,
        /// Channels.
        channels: u16,
    },
    /// There is no audio in it.
    #[error("no data chunk")]
    NoData,
}

/// Audio read from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wav {
    /// Sampling.
    pub format: WavFormat,
    /// One per channel, of equal length.
    pub channels: Vec<Vec<i16>>,
}

impl Wav {
    /// Reads a whole file.
    ///
    /// Sizes that do not fit the file, as left by a writer that died, are
    /// repaired: the audio goes to the end of the file.
    ///
    /// # Errors
    /// [`WavError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, WavError> {
        let (format, data) = locate(bytes)?;
        let channels = usize::from(format.channels);
        let mut audio = vec![Vec::with_capacity(data.len() / 2 / channels); channels];
        for block in data.chunks_exact(2 * channels) {
            for (channel, sample) in audio.iter_mut().zip(block.chunks_exact(2)) {
                channel.push(i16::from_le_bytes([sample[0], sample[1]]));
            }
        }
        Ok(Self { format, channels: audio })
    }

    /// All channels as one.
    #[must_use]
    pub fn mono(&self) -> Vec<i16> {
        match self.channels.as_slice() {
            [left, right] => left.iter().zip(right).map(|(&l, &r)| i16::midpoint(l, r)).collect(),
            [only, ..] => only.clone(),
            [] => Vec::new(),
        }
    }
}

/// The bytes of a whole file.
#[must_use]
pub fn to_bytes(format: WavFormat, interleaved: &[i16]) -> Vec<u8> {
    let mut bytes = header(format, interleaved.len() as u64 * 2).to_vec();
    bytes.extend(interleaved.iter().flat_map(|sample| sample.to_le_bytes()));
    bytes
}

/// Finds sampling and audio.
fn locate(bytes: &[u8]) -> Result<(WavFormat, &[u8]), WavError> {
    if bytes.get(0..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(WavError::NotWav);
    }
    let mut rest = &bytes[12..];
    let mut format = None;
    while let Some((&[i0, i1, i2, i3, s0, s1, s2, s3], body)) = rest.split_first_chunk::<8>() {
        let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
        match &[i0, i1, i2, i3] {
            b"fmt " => format = Some(parse_format(body)?),
            b"data" => {
                let format = format.ok_or(WavError::NoFormat)?;
                // Zero, or more than there is: the writer did not get to it.
                let end = if size == 0 { body.len() } else { size.min(body.len()) };
                return Ok((format, &body[..end]));
            }
            _ => {}
        }
        // Chunks begin at even offsets.
        rest = body.get(size.saturating_add(size % 2)..).unwrap_or_default();
    }
    Err(WavError::NoData)
}

fn parse_format(body: &[u8]) -> Result<WavFormat, WavError> {
    let &[f0, f1, c0, c1, r0, r1, r2, r3, _, _, _, _, _, _, b0, b1] =
        body.first_chunk::<16>().ok_or(WavError::NoFormat)?;
    let mut format = u16::from_le_bytes([f0, f1]);
    if format == 0xFFFE {
        // Extensible: the real tag begins the GUID.
        format = body.get(24..26).map_or(format, |tag| u16::from_le_bytes([tag[0], tag[1]]));
    }
    let channels = u16::from_le_bytes([c0, c1]);
    let bits = u16::from_le_bytes([b0, b1]);
    let rate = u32::from_le_bytes([r0, r1, r2, r3]);
    if format != 1 || bits != 16 || !(1..=2).contains(&channels) || rate == 0 {
        return Err(WavError::Unsupported { format, bits, channels });
    }
    Ok(WavFormat { channels, rate })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STEREO: WavFormat = WavFormat { channels: 2, rate: 16_000 };

    #[test]
    fn stereo_keeps_left_and_right_apart() {
        let wav = Wav::parse(&to_bytes(STEREO, &[1, -1, 2, -2])).unwrap();
        assert_eq!(wav.format, STEREO);
        assert_eq!(wav.channels, [[1, 2], [-1, -2]]);
        assert_eq!(wav.mono(), [0, 0]);
    }

    #[test]
    fn sizes_left_by_a_dead_writer_are_repaired() {
        let whole = to_bytes(STEREO, &[1, -1, 2, -2]);
        for size in [0u32, u32::MAX] {
            let mut broken = whole.clone();
            broken[40..44].copy_from_slice(&size.to_le_bytes());
            assert_eq!(Wav::parse(&broken).unwrap().channels[0], [1, 2]);
        }
        assert_eq!(Wav::parse(&whole[..50]).unwrap().channels[0], [1]);
    }

    #[test]
    fn foreign_chunks_are_skipped() {
        let mut bytes = to_bytes(STEREO, &[7, 8]);
        bytes.splice(36..36, *b"LIST\x03\0\0\0abc\0");
        assert_eq!(Wav::parse(&bytes).unwrap().channels, [[7], [8]]);
    }

    #[test]
    fn other_encodings_are_named() {
        let mut bytes = to_bytes(STEREO, &[]);
        bytes[20] = 7;
        assert_eq!(Wav::parse(&bytes), Err(WavError::Unsupported { format: 7, bits: 16, channels: 2 }));
        assert_eq!(Wav::parse(b"not a wav file"), Err(WavError::NotWav));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(tail in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
            bytes.extend(tail);
            let _result = Wav::parse(&bytes);
        }
    }
}
