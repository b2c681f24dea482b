//! The query string extractor.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde_json::{Map, Value};

use super::{Fields, Read};
use crate::error::ApiError;

/// Query parameters, read and checked. Unknown ones are ignored, an empty
/// value counts as absent, and of a repeated one the first counts.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: Read, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let mut object = Map::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if !value.is_empty() && !object.contains_key(name.as_ref()) {
                object.insert(name.into_owned(), Value::String(value.into_owned()));
            }
        }
        Fields::read_all(&object, "query", true).map(Self)
    }
}
