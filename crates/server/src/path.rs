//! Path parameters: ids of any shape (contract §0.5).

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// Path parameters, percent-decoded. What cannot be decoded, or could never
/// be stored, is not found.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let missing = || ApiError::not_found("Not Found");
        let raw = RawPathParams::from_request_parts(parts, state).await.map_err(|_| missing())?;
        if raw.iter().any(|(_, value)| value.contains('\0')) {
            return Err(missing());
        }
        let axum::extract::Path(value) =
            axum::extract::Path::from_request_parts(parts, state).await.map_err(|_| missing())?;
        Ok(Self(value))
    }
}
