//! The picture of a registration, looked at before it is accepted.

use std::time::Duration;

use offhook_voice::providers::fetch::{FetchError, FetchRequest, FetchResponse};
use reqwest::Method;

use crate::{app::App, error::ApiError};

/// Largest picture: 2 MB (contract §11).
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Beyond it a picture's server counts as unreachable.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at the picture under `url`; whether it could be seen.
///
/// A server that cannot be reached is no reason to refuse: this machine may
/// have no way out, and whoever approves looks again.
///
/// # Errors
/// 422 for an address that may not be fetched, an answer without the picture,
/// anything but a PNG, JPEG, WEBP or GIF, or more than 2 MB.
pub(super) async fn look(app: &App, url: &str) -> Result<bool, ApiError> {
    let request = FetchRequest {
        method: Method::GET,
        url: url.to_owned(),
        headers: vec![("accept".to_owned(), "image/png,image/jpeg,image/webp,image/gif".to_owned())],
        body: None,
        timeout: PATIENCE,
        // One byte more tells a picture of the limit from a larger one.
        max_body_bytes: MAX_BYTES + 1,
    };
    match app.fetch().send(request).await {
        Ok(response) => judge(response).await,
        Err(error) => unseen(error),
    }
}

async fn judge(mut response: FetchResponse) -> Result<bool, ApiError> {
    if !response.status().is_success() {
        return Err(refused(format!("its server answered {}", response.status().as_u16())));
    }
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                length += chunk.len();
                head.extend(chunk.iter().take(HEAD.saturating_sub(head.len())));
            }
            Ok(None) => break,
            Err(error) => return unseen(error),
        }
    }
    if length > MAX_BYTES {
        return Err(refused("it is larger than 2 MB"));
    }
    if !is_picture(&head) {
        return Err(refused("it is no PNG, JPEG, WEBP or GIF"));
    }
    Ok(true)
}

/// So many bytes tell the formats apart.
const HEAD: usize = 12;

/// Whether these are the first bytes of a picture; what its server calls it does not count.
fn is_picture(head: &[u8]) -> bool {
    let webp = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP");
    webp || [b"\x89PNG\r\n\x1a\n".as_slice(), b"\xff\xd8\xff", b"GIF87a", b"GIF89a"]
        .iter()
        .any(|magic| head.starts_with(magic))
}

fn unseen(error: FetchError) -> Result<bool, ApiError> {
    match error {
        FetchError::Connection { .. } | FetchError::Timeout { .. } => {
            tracing::warn!(%error, "a registration's picture could not be reached");
            Ok(false)
        }
        other => Err(refused(other.to_string())),
    }
}

fn refused(why: impl std::fmt::Display) -> ApiError {
    ApiError::field(
        "opt_in_image_url",
        "value_error",
        format!("Value error, the picture cannot be used: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        for head in [
            b"\x89PNG\r\n\x1a\n....".as_slice(),
            b"\xff\xd8\xff\xe0........",
            b"GIF87a......",
            b"GIF89a......",
            b"RIFF\x10\0\0\0WEBPVP8 ",
        ] {
            assert!(is_picture(head), "{head:?}");
        }
        for head in
            [b"".as_slice(), b"<html>", b"RIFF\x10\0\0\0WAVEfmt ", b"%PDF-1.7....", b"GIF88a", b"\x89PN"]
        {
            assert!(!is_picture(head), "{head:?}");
        }
    }
}
