//! One WAV file being written.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::Path,
    time::Duration,
};

use offhook_media::{
    Frame,
    frame::{FRAME_SAMPLES, RATE},
    wav::{HEADER_BYTES, WavFormat, header},
};

use super::Slice;

/// Caller left, agent right. 16 kHz, although G.711 carries 8: both channels
/// exist at that rate already, and wideband codecs will need it.
pub const FORMAT: WavFormat = WavFormat { channels: 2, rate: RATE };

/// Bytes of 20 ms.
const SLICE_BYTES: usize = FRAME_SAMPLES * 4;

/// Frames of silence written at most for one gap: a minute.
const MAX_GAP: u32 = 3_000;

/// A growing file whose header is right after every [`WavFile::flush`].
#[derive(Debug)]
pub struct WavFile {
    file: File,
    buffer: Vec<u8>,
    data_bytes: u64,
    next: u32,
}

impl WavFile {
    /// Makes the file, and its directory; readable by its owner only.
    pub fn create(path: &Path) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(&header(FORMAT, 0))?;
        Ok(Self { file, buffer: Vec::with_capacity(8 * SLICE_BYTES), data_bytes: 0, next: 0 })
    }

    /// Appends to the buffer; dropped frames before it become silence.
    pub fn push(&mut self, slice: &Slice) {
        let gap = slice.index.wrapping_sub(self.next).min(MAX_GAP);
        self.buffer.resize(self.buffer.len() + gap as usize * SLICE_BYTES, 0);
        interleave(&slice.left, &slice.right, &mut self.buffer);
        self.next = slice.index.wrapping_add(1);
    }

    /// Writes the buffer, then the sizes: a death in between costs one piece.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.file.write_all(&self.buffer)?;
        self.data_bytes += self.buffer.len() as u64;
        self.buffer.clear();
        self.write_header()
    }

    /// How long the audio is.
    pub fn length(&self) -> Duration {
        Duration::from_millis(self.data_bytes * 1_000 / (u64::from(RATE) * 4))
    }

    /// Size of the file.
    pub const fn file_bytes(&self) -> u64 {
        self.data_bytes + HEADER_BYTES as u64
    }

    /// Forces it to disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn write_header(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(FORMAT, self.data_bytes))?;
        self.file.seek(SeekFrom::End(0))?;
        Ok(())
    }
}

fn interleave(left: &Frame, right: &Frame, into: &mut Vec<u8>) {
    for (l, r) in left.0.iter().zip(&right.0) {
        let [l0, l1] = l.to_le_bytes();
        let [r0, r1] = r.to_le_bytes();
        into.extend_from_slice(&[l0, l1, r0, r1]);
    }
}
