//! Pictures and files of messages: fetched once, kept, served by us.
//!
//! Whoever chose the address, it is fetched by the client that reaches public
//! addresses only, up to a size, within a time, and only if it is of a type
//! that messages carry and browsers do not run.

use std::{path::Path, time::Duration};

use futures::future::join_all;
use offhook_model::{
    id::{AccountId, MediaId},
    message::MessageMedia,
};
use offhook_store::{Blobs, MediaWriter, StoredMedia};
use offhook_voice::providers::fetch::{FetchClient, FetchError, FetchRequest, FetchResponse};

use crate::{
    app::App,
    error::{ApiError, Chain},
};

/// Types that messages may carry. None of them runs script in a browser.
pub const TYPES: [&str; 29] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/heic",
    "image/heif",
    "image/bmp",
    "image/tiff",
    "video/mp4",
    "video/quicktime",
    "video/webm",
    "video/mpeg",
    "video/3gpp",
    "video/3gpp2",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/amr",
    "audio/ogg",
    "audio/wav",
    "audio/x-wav",
    "audio/webm",
    "audio/3gpp",
    "audio/x-caf",
    "application/pdf",
    "text/plain",
    "text/vcard",
    "text/x-vcard",
    "text/calendar",
];

/// Longest address of a file.
pub const URL_CHARS: usize = 2048;

/// Copies of what a message carries.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    /// As the message shows them.
    pub shown: Vec<MessageMedia>,
    /// As the store keeps them.
    pub stored: Vec<StoredMedia>,
}

/// Where our copy is served; whoever knows the address may fetch it.
#[must_use]
pub fn url(app: &App, id: &MediaId) -> String {
    format!("{}{}{id}", app.settings().public_url, PATH)
}

const PATH: &str = "/offhook/v1/media/";

/// Fetches a file and keeps a copy of it; the caller stores what is known of
/// it ([`offhook_store::Store::insert_media`]) or drops it with [`discard`].
///
/// # Errors
/// [`MediaFault`].
pub async fn fetch(
    app: &App,
    address: &str,
    types: &[&str],
    max_bytes: u64,
) -> Result<StoredMedia, MediaFault> {
    let now = app.now();
    let id = MediaId::new(now, rand::random());
    let blobs = Blobs::open(&app.settings().blobs).await?;
    let mut response = open(app.fetch(), address, app.settings().messages.media_timeout, max_bytes).await?;
    if !response.status().is_success() {
        return Err(MediaFault::Status(response.status().as_u16()));
    }
    let first = response.chunk().await?.unwrap_or_default();
    let declared = response.content_type();
    let content_type = match declared.as_str() {
        "" | "application/octet-stream" | "binary/octet-stream" => {
            sniff(&first).unwrap_or_default().to_owned()
        }
        _ => declared,
    };
    if !types.contains(&content_type.as_str()) {
        return Err(MediaFault::Type(content_type));
    }
    let mut file = blobs.create_media(&id).await?;
    let copied = copy(&mut response, &mut file, &first, max_bytes).await;
    match copied {
        Ok(size_bytes) => {
            file.finish().await?;
            Ok(StoredMedia { id, content_type, size_bytes, created_at: now })
        }
        Err(fault) => {
            file.abandon().await;
            Err(fault)
        }
    }
}

async fn open(
    client: &FetchClient,
    address: &str,
    timeout: Duration,
    max_bytes: u64,
) -> Result<FetchResponse, FetchError> {
    let request = FetchRequest {
        method: http::Method::GET,
        url: address.to_owned(),
        headers: vec![("User-Agent".to_owned(), "Offhook-Media/1".to_owned())],
        body: None,
        timeout,
        // One byte more tells what is too large from what just fits.
        max_body_bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX - 1) + 1,
    };
    client.send(request).await
}

async fn copy(
    response: &mut FetchResponse,
    file: &mut MediaWriter,
    first: &[u8],
    max_bytes: u64,
) -> Result<u64, MediaFault> {
    let mut size = first.len() as u64;
    file.write(first).await?;
    while let Some(chunk) = response.chunk().await? {
        size += chunk.len() as u64;
        file.write(&chunk).await?;
    }
    if size > max_bytes {
        return Err(MediaFault::TooLarge(max_bytes));
    }
    Ok(size)
}

/// The type of a file by how it begins, of the common ones.
fn sniff(start: &[u8]) -> Option<&'static str> {
    Some(match start {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', b'i', b'c', ..] => "image/heic",
        [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..] => "video/quicktime",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [b'%', b'P', b'D', b'F', ..] => "application/pdf",
        _ => return None,
    })
}

/// Fetches everything an outbound message carries; all or nothing. Clients go
/// on seeing the addresses they gave.
///
/// # Errors
/// 422 for what is no https address, 400 for one that is not public or whose
/// file cannot be had, is too large, or of a type messages do not carry.
pub(crate) async fn fetch_outbound(app: &App, urls: &[String]) -> Result<Copies, ApiError> {
    for (at, address) in urls.iter().enumerate() {
        app.fetch().policy().check(address).map_err(|error| refused(at, error.into()))?;
    }
    // All at once: twenty slow servers take no longer than one.
    let cap = app.settings().messages.max_media_bytes;
    let fetched = join_all(urls.iter().map(|address| fetch(app, address, &TYPES, cap))).await;
    let mut copies = Copies::default();
    let mut fault = None;
    for (at, (address, fetched)) in urls.iter().zip(fetched).enumerate() {
        match fetched {
            Ok(stored) => copies.add(address.clone(), stored),
            Err(failed) => fault = fault.or(Some((at, failed))),
        }
    }
    match fault {
        None => Ok(copies),
        Some((at, failed)) => {
            discard(app, &copies.stored).await;
            Err(refused(at, failed))
        }
    }
}

/// Fetches what an inbound message carries. What cannot be had keeps its
/// carrier's address: the words must not wait for a picture.
pub(crate) async fn fetch_inbound(app: &App, account: &AccountId, urls: &[String]) -> Copies {
    let cap = app.settings().messages.max_media_bytes;
    let copied = join_all(urls.iter().map(|address| take_in(app, address, cap)));
    let mut copies = Copies::default();
    for (address, copied) in urls.iter().zip(copied.await) {
        match copied {
            Ok(stored) => copies.add(url(app, &stored.id), stored),
            Err(fault) => {
                tracing::warn!(account.id = %account, error = %Chain(&fault), "media of a message could not be copied");
                let content_type = String::new();
                copies.shown.push(MessageMedia { url: address.clone(), id: None, content_type });
            }
        }
    }
    copies
}

async fn take_in(app: &App, address: &str, max_bytes: u64) -> Result<StoredMedia, MediaFault> {
    match own(app, address) {
        Some(id) => duplicate(app, &id).await,
        None => fetch(app, address, &TYPES, max_bytes).await,
    }
}

/// The copy an address of ours serves: one number of ours wrote to another.
fn own(app: &App, address: &str) -> Option<MediaId> {
    let id = address.strip_prefix(&app.settings().public_url)?.strip_prefix(PATH)?;
    Some(id.into())
}

/// A copy of a copy: the two belong to different accounts, perhaps.
async fn duplicate(app: &App, id: &MediaId) -> Result<StoredMedia, MediaFault> {
    let original = app.store().media(id).await?.ok_or(MediaFault::Status(404))?;
    let now = app.now();
    let copy = MediaId::new(now, rand::random());
    let blobs = Blobs::open(&app.settings().blobs).await?;
    if !blobs.copy_media(id, &copy).await? {
        return Err(MediaFault::Status(404));
    }
    Ok(StoredMedia { id: copy, created_at: now, ..original })
}

/// Removes copies that no message came to carry.
pub async fn discard(app: &App, stored: &[StoredMedia]) {
    for media in stored {
        if let Err(error) = remove(&app.settings().blobs, &media.id).await {
            tracing::warn!(media.id = %media.id, error = %Chain(&error), "an unused copy stays on disk");
        }
    }
}

async fn remove(blobs: &Path, id: &MediaId) -> Result<bool, offhook_store::BlobError> {
    Blobs::open(blobs).await?.delete_media(id).await
}

impl Copies {
    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.shown.len()
    }

    /// Each file by itself.
    pub(crate) fn each(self) -> Vec<Self> {
        let Self { shown, stored } = self;
        let alone = |file: MessageMedia| {
            let stored = stored.iter().filter(|kept| Some(&kept.id) == file.id.as_ref()).cloned().collect();
            Self { stored, shown: vec![file] }
        };
        shown.into_iter().map(alone).collect()
    }

    fn add(&mut self, shown_as: String, stored: StoredMedia) {
        self.shown.push(MessageMedia {
            url: shown_as,
            id: Some(stored.id.clone()),
            content_type: stored.content_type.clone(),
        });
        self.stored.push(stored);
    }
}

/// Why there is no copy of a file.
#[derive(Debug, thiserror::Error)]
pub enum MediaFault {
    /// It cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Its server answered something else.
    #[error("HTTP {0}")]
    Status(u16),
    /// It is larger than this many bytes.
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    /// Messages do not carry this type.
    #[error("files of type `{0}` are not carried")]
    Type(String),
    /// Our disk failed.
    #[error("the copy could not be kept")]
    Disk(#[from] offhook_store::BlobError),
    /// Our database failed.
    #[error("the copy could not be found")]
    Store(#[from] offhook_store::StoreError),
}

impl MediaFault {
    /// As the refusal of a request that named the file in `field`.
    #[must_use]
    pub fn refusal(self, field: &str) -> ApiError {
        match self {
            Self::Fetch(FetchError::BadUrl { .. } | FetchError::NotHttps) => {
                ApiError::field(field, "value_error", format!("Value error, {self}"))
            }
            Self::Disk(error) => ApiError::internal(&error),
            Self::Store(error) => error.into(),
            fault => ApiError::bad_request(format!("{field} refused: {fault}")),
        }
    }
}

fn refused(at: usize, fault: MediaFault) -> ApiError {
    fault.refusal(&format!("media_urls[{at}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_how_they_begin() {
        assert_eq!(sniff(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVE"), None);
        assert_eq!(sniff(b"<html>"), None);
        assert_eq!(sniff(b""), None);
    }

    #[test]
    fn nothing_that_runs_is_carried() {
        for banned in
            ["text/html", "image/svg+xml", "application/xhtml+xml", "application/javascript", "text/xml"]
        {
            assert!(!TYPES.contains(&banned));
        }
    }
}
