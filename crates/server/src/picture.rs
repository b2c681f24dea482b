//! Pictures that clients give by address, for cards and backgrounds: fetched
//! safely, judged by their content, kept as our own copies.

use offhook_model::id::AccountId;
use offhook_store::{BlobError, Blobs, StoredMedia};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;

use crate::{app::App, error::ApiError, messaging::media};

/// Largest picture, bytes (contract §7.3).
pub const MAX_BYTES: u64 = 10 * 1024 * 1024;

/// What a server may call a picture; the content decides.
const DECLARED: [&str; 7] =
    ["image/jpeg", "image/jpg", "image/png", "image/gif", "image/webp", "image/heic", "image/heif"];

/// A picture, fetched and on our disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Our copy.
    pub copy: StoredMedia,
    /// SHA-256 of the file, in hex.
    pub digest: String,
}

/// Fetches a picture; `field` is the body field that named it. Whoever gets it
/// either keeps it ([`keep`]) or drops it ([`discard`]).
///
/// # Errors
/// 422 for what is no https address; 400 for one that is not public, does not
/// answer with a picture of a kind we take, or with more than [`MAX_BYTES`].
pub async fn fetch(app: &App, field: &str, url: &str) -> Result<Picture, ApiError> {
    let fetched = media::fetch(app, url, &DECLARED, MAX_BYTES).await;
    let mut copy = fetched.map_err(|fault| fault.refusal(field))?;
    match examine(app, &copy).await {
        Ok((Some(kind), digest)) => {
            kind.clone_into(&mut copy.content_type);
            Ok(Picture { copy, digest })
        }
        Ok((None, _)) => {
            media::discard(app, &[copy]).await;
            Err(ApiError::bad_request(format!("{field} refused: not a JPEG, PNG, GIF, WebP or HEIC picture")))
        }
        Err(error) => {
            media::discard(app, &[copy]).await;
            Err(ApiError::internal(&error))
        }
    }
}

/// Keeps a picture for the account; where carriers fetch it.
///
/// # Errors
/// What the store answered; the copy is gone then.
pub async fn keep(app: &App, account: &AccountId, picture: &Picture) -> Result<String, ApiError> {
    if let Err(error) = app.store().insert_media(account, &picture.copy).await {
        discard(app, picture).await;
        return Err(error.into());
    }
    Ok(media::url(app, &picture.copy.id))
}

/// Removes a picture that is not kept.
pub async fn discard(app: &App, picture: &Picture) {
    media::discard(app, std::slice::from_ref(&picture.copy)).await;
}

/// What a file really is, and its digest.
async fn examine(app: &App, copy: &StoredMedia) -> Result<(Option<&'static str>, String), BlobError> {
    let blobs = Blobs::open(&app.settings().blobs).await?;
    let Some(blob) = blobs.media(&copy.id).await? else { return Ok((None, String::new())) };
    let mut bytes = Vec::new();
    blob.range(0, MAX_BYTES).await?.read_to_end(&mut bytes).await?;
    Ok((kind(&bytes), hex::encode(Sha256::digest(&bytes))))
}

/// The media type of a picture, by how its file begins.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    /// Brands of ISO media files that hold HEVC pictures.
    const HEIC: [&[u8]; 8] = [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"];
    let at = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        Some("image/jpeg")
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some("image/gif")
    } else if at(0, 4) == b"RIFF" && at(8, 12) == b"WEBP" {
        Some("image/webp")
    } else if at(4, 8) == b"ftyp" && HEIC.contains(&at(8, 12)) {
        Some("image/heic")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_content() {
        for (bytes, expected) in [
            (&b"\xff\xd8\xff\xe0rest"[..], Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\nrest", Some("image/png")),
            (b"GIF89a", Some("image/gif")),
            (b"GIF87a", Some("image/gif")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"\0\0\0\x18ftypheic", Some("image/heic")),
            (b"\0\0\0\x18ftypmp42", None),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"<svg xmlns=", None),
            (b"GIF", None),
            (b"", None),
        ] {
            assert_eq!(kind(bytes), expected, "{bytes:?}");
        }
    }
}
