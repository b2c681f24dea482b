//! `GET /v1/calls/{call_id}/recording`: the audio, whole or in part.
//!
//! No key is asked for: the call's unguessable id is the capability
//! (contract §5.8).

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use offhook_model::id::CallId;
use offhook_store::{BlobError, Blobs};
use tokio_util::io::ReaderStream;

use crate::{
    app::App,
    calls::range::ByteRange,
    error::{ApiError, ErrorCode},
    path::Path,
};

/// Streams the recording.
#[utoipa::path(
    get, path = "/v1/calls/{call_id}/recording", tag = "calls", operation_id = "getCallRecording",
    security(()),
    params(
        ("call_id" = String, Path, description = "The call"),
        ("Range" = Option<String>, Header, description = "One range of bytes"),
    ),
    responses(
        (status = 200, content_type = "audio/wav", description = "Caller left, agent right"),
        (status = 206, content_type = "audio/wav", description = "The range asked for"),
        (status = 404, description = "No recording"),
        (status = 416, description = "The range lies outside the recording"),
    )
)]
pub(crate) async fn recording(
    State(app): State<App>,
    Path(id): Path<CallId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let directory = app.settings().recordings.clone().ok_or_else(none)?;
    let call = app.store().call_by_capability(&id).await?.ok_or_else(none)?;
    if call.recording.is_none() || call.recording_disabled {
        return Err(none());
    }
    let broken = |error: BlobError| ApiError::internal(&error);
    let blobs = Blobs::open(directory).await.map_err(broken)?;
    let blob = blobs.recording(&call.id).await.map_err(broken)?.ok_or_else(none)?;
    let size = blob.size_bytes;
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, first, length) = match ByteRange::of(asked, size) {
        ByteRange::Whole => (StatusCode::OK, 0, size),
        ByteRange::Part { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        ByteRange::Unsatisfiable => return Ok(unsatisfiable(size)),
    };
    let audio = blob.range(first, length).await.map_err(broken)?;
    let mut response = Body::from_stream(ReaderStream::new(audio)).into_response();
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"recording-{}.wav\"", call.id)) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let last = first + length - 1;
        set_range(headers, &format!("bytes {first}-{last}/{size}"));
    }
    Ok(response)
}

fn none() -> ApiError {
    ApiError::not_found("Recording not found")
}

fn unsatisfiable(size: u64) -> Response {
    let error = ApiError::new(ErrorCode::RangeNotSatisfiable, "The range lies outside the recording");
    let mut response = error.into_response();
    set_range(response.headers_mut(), &format!("bytes */{size}"));
    response
}

fn set_range(headers: &mut HeaderMap, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(header::CONTENT_RANGE, value);
    }
}
