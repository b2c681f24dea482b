//! Copies of pictures and files, each named by its id.

use std::{
    io,
    path::{Path, PathBuf},
};

use offhook_model::id::MediaId;
use tokio::{fs::File, io::AsyncWriteExt as _};

use super::{Blob, BlobError, Blobs, is_plain};
use crate::Failpoint;

/// Where they are, inside the directory.
const DIRECTORY: &str = "media";

/// A copy that is being written.
#[derive(Debug)]
pub struct MediaWriter {
    file: File,
    path: PathBuf,
}

impl Blobs {
    /// Opens a copy; none when there is none, or the id is no id.
    pub async fn media(&self, id: &MediaId) -> Result<Option<Blob>, BlobError> {
        match self.media_path(id) {
            Ok(path) => Self::open_file(&path).await,
            Err(BlobError::BadName) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Begins a copy.
    ///
    /// # Errors
    /// [`BlobError::BadName`] for what is no id: no id leads out of the directory.
    pub async fn create_media(&self, id: &MediaId) -> Result<MediaWriter, BlobError> {
        let path = self.media_path(id)?;
        Failpoint::BlobCreate.pass().await;
        tokio::fs::create_dir_all(self.directory().join(DIRECTORY)).await?;
        let file = File::options().write(true).create_new(true).open(&path).await?;
        Ok(MediaWriter { file, path })
    }

    /// Copies a copy under another id; false when there is none.
    pub async fn copy_media(&self, from: &MediaId, to: &MediaId) -> Result<bool, BlobError> {
        let Some(mut original) = self.media(from).await? else { return Ok(false) };
        let mut copy = self.create_media(to).await?;
        match tokio::io::copy(&mut original.file, &mut copy.file).await {
            Ok(_) => copy.finish().await.map(|()| true),
            Err(error) => {
                copy.abandon().await;
                Err(error.into())
            }
        }
    }

    /// Removes a copy; false when there was none.
    pub async fn delete_media(&self, id: &MediaId) -> Result<bool, BlobError> {
        Self::remove_file(&self.media_path(id)?).await
    }

    fn media_path(&self, id: &MediaId) -> Result<PathBuf, BlobError> {
        if !is_plain(id.as_str()) {
            return Err(BlobError::BadName);
        }
        Ok(self.directory().join(DIRECTORY).join(id.as_str()))
    }
}

impl MediaWriter {
    /// Appends bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        Ok(self.file.write_all(bytes).await?)
    }

    /// Ends the copy, once it is safe on the disk.
    pub async fn finish(mut self) -> Result<(), BlobError> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let directory = self.path.parent().unwrap_or(Path::new(".")).to_owned();
        // A file is there after a power cut only when its directory was synced, too.
        File::open(directory).await?.sync_all().await?;
        Failpoint::BlobWritten.pass().await;
        Ok(())
    }

    /// Removes what was written.
    pub async fn abandon(self) {
        drop(self.file);
        if let Err(error) = tokio::fs::remove_file(&self.path).await
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a broken copy stays on disk");
        }
    }
}
