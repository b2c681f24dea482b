//! The JSON body extractor.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::{Fields, Read};
use crate::{
    app::App,
    error::{ApiError, ErrorCode, Fault},
    settings::Settings,
};

/// A JSON body, read and checked.
///
/// An absent or empty body, or `null`, is `{}`. The content type is not
/// looked at: clients send `application/json` even with nothing. Refusals:
/// 413 above the cap, 408 when it trickles in too slowly, 422 for anything
/// that is not a JSON object in UTF-8 or does not fit. Nesting beyond 128
/// levels is malformed JSON.
#[derive(Debug, Clone, Copy)]
pub struct Input<T>(pub T);

impl<T: Read> FromRequest<App> for Input<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        let bytes = read_body(&head.headers, body, app.settings()).await?;
        Fields::read_all(&parse(&bytes)?, "body", false).map(Self)
    }
}

/// The bytes of a body within the operator's limits of size and time.
pub(crate) async fn read_body(
    headers: &HeaderMap,
    body: Body,
    settings: &Settings,
) -> Result<bytes::Bytes, ApiError> {
    let cap = settings.body_limit_bytes;
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > cap as u64) {
        return Err(too_large(cap));
    }
    tokio::time::timeout(settings.body_timeout, read_bytes(body, cap))
        .await
        .map_err(|_| ApiError::new(ErrorCode::RequestTimeout, "The request body took too long"))?
}

async fn read_bytes(body: Body, cap: usize) -> Result<bytes::Bytes, ApiError> {
    axum::body::to_bytes(body, cap).await.map_err(|error| {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(link) = cause {
            if link.to_string().contains("length limit exceeded") {
                return too_large(cap);
            }
            cause = link.source();
        }
        ApiError::bad_request("The request body could not be read")
    })
}

fn too_large(cap: usize) -> ApiError {
    ApiError::new(ErrorCode::PayloadTooLarge, format!("The request body is larger than {cap} bytes"))
}

fn parse(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let whole = |kind, msg: String| ApiError::validation(vec![Fault::new(vec!["body".into()], kind, msg)]);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| whole("json_invalid", format!("JSON decode error: not UTF-8: {error}")))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(whole("model_attributes_type", "Input should be a valid dictionary".to_owned())),
        Err(error) => Err(whole("json_invalid", format!("JSON decode error: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_an_empty_object() {
        for body in ["", "  \n", "null", "{}"] {
            assert_eq!(parse(body.as_bytes()), Ok(Map::new()), "{body:?}");
        }
    }

    #[test]
    fn what_is_not_a_json_object_is_a_422() {
        let deep = "[".repeat(100_000);
        for body in
            [b"{".as_slice(), b"[]", b"7", b"\"x\"", b"{\"a\":\"\xff\"}", b"{\"a\":1e999}", deep.as_bytes()]
        {
            assert_eq!(parse(body).unwrap_err().code(), ErrorCode::Validation);
        }
    }
}
