//! `GET /offhook/v1/media/{media_id}`: a message's picture or file.
//!
//! No key is asked for: carriers and receivers of webhooks fetch it. The id,
//! 128 random bits, is the capability.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use offhook_model::id::MediaId;
use offhook_store::{BlobError, Blobs};
use tokio_util::io::ReaderStream;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, error::ApiError, path::Path};

/// The routes under `/offhook/v1/media`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(media))
}

/// Streams a file.
#[utoipa::path(
    get, path = "/offhook/v1/media/{media_id}", tag = "messages", operation_id = "getMedia",
    security(()),
    params(("media_id" = String, Path, description = "The file")),
    responses(
        (status = 200, content_type = "application/octet-stream", description = "The file, under its own media type"),
        (status = 404, description = "No such file"),
    )
)]
pub(crate) async fn media(State(app): State<App>, Path(id): Path<MediaId>) -> Result<Response, ApiError> {
    let broken = |error: BlobError| ApiError::internal(&error);
    let media = app.store().media(&id).await?.ok_or_else(none)?;
    let blobs = Blobs::open(&app.settings().blobs).await.map_err(broken)?;
    let blob = blobs.media(&media.id).await.map_err(broken)?.ok_or_else(none)?;
    let size = blob.size_bytes;
    let bytes = blob.range(0, size).await.map_err(broken)?;
    let mut response = Body::from_stream(ReaderStream::new(bytes)).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_str(&media.content_type);
    headers
        .insert(header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    // Somebody else made it: a browser takes it for nothing but what it says,
    // and runs nothing of it.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    Ok(response)
}

fn none() -> ApiError {
    ApiError::not_found("Media not found")
}
