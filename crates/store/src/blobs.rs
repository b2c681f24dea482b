//! Recordings, and copies of pictures and files, on disk.

mod media;

use std::{
    io::{self, SeekFrom},
    path::{Path, PathBuf},
};

use offhook_model::id::CallId;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, Take},
};

/// A directory of recordings, one WAV file per call, and of media.
#[derive(Debug, Clone)]
pub struct Blobs {
    directory: PathBuf,
}

pub use media::MediaWriter;

/// A failure of the directory.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The id has characters that no id of ours has.
    #[error("the id cannot name a file")]
    BadName,
    /// The file system failed.
    #[error("the directory of files failed")]
    Io(#[from] io::Error),
}

/// An open file.
#[derive(Debug)]
pub struct Blob {
    file: File,
    /// Its size when it was opened; a running call's grows on.
    pub size_bytes: u64,
}

impl Blobs {
    /// Uses a directory, making it when it is missing.
    pub async fn open(directory: impl Into<PathBuf>) -> Result<Self, BlobError> {
        let directory = directory.into();
        tokio::fs::create_dir_all(&directory).await?;
        Ok(Self { directory })
    }

    /// The directory itself.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The name under which a call's recording is stored ([`crate::EndCall::recording`]).
    ///
    /// # Errors
    /// [`BlobError::BadName`] unless the id is letters, digits, `_` and `-`
    /// only: no id leads out of the directory.
    pub fn recording_name(&self, call: &CallId) -> Result<String, BlobError> {
        let id = call.as_str();
        if !is_plain(id) {
            return Err(BlobError::BadName);
        }
        Ok(format!("{id}.wav"))
    }

    /// Where a call's recording is written.
    pub fn recording_path(&self, call: &CallId) -> Result<PathBuf, BlobError> {
        Ok(self.directory.join(self.recording_name(call)?))
    }

    /// Opens a call's recording; none when there is none, or the id is no id.
    pub async fn recording(&self, call: &CallId) -> Result<Option<Blob>, BlobError> {
        let path = match self.recording_path(call) {
            Ok(path) => path,
            Err(BlobError::BadName) => return Ok(None),
            Err(error) => return Err(error),
        };
        Self::open_file(&path).await
    }

    /// Removes a call's recording; false when there was none.
    pub async fn delete_recording(&self, call: &CallId) -> Result<bool, BlobError> {
        Self::remove_file(&self.recording_path(call)?).await
    }

    async fn open_file(path: &Path) -> Result<Option<Blob>, BlobError> {
        match File::open(path).await {
            Ok(file) => {
                let size_bytes = file.metadata().await?.len();
                Ok(Some(Blob { file, size_bytes }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn remove_file(path: &Path) -> Result<bool, BlobError> {
        match tokio::fs::remove_file(path).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether an id is letters, digits, `_` and `-` only: it names a file, and
/// none outside the directory.
fn is_plain(id: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    !id.is_empty() && id.len() <= 128 && id.bytes().all(fine)
}

impl Blob {
    /// Reads `length` bytes from `start`, fewer when the file ends before.
    pub async fn range(mut self, start: u64, length: u64) -> Result<Take<File>, BlobError> {
        self.file.seek(SeekFrom::Start(start)).await?;
        Ok(self.file.take(length))
    }
}
