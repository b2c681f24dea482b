//! Who asks, as handlers see it (contract §0.2, §0.3).
//!
//! A handler that takes [`Caller`] cannot be reached without a valid key, and
//! the account in it is the only one whose things it can name to the store.
//! [`crate::requests`] finds out who it is.

use axum::extract::FromRequestParts;
use http::request::Parts;
use offhook_model::id::{AccountId, ApiKeyId};

use crate::error::ApiError;

/// Header that narrows a request to a child account.
pub const SUB_ACCOUNT: &str = "x-sub-account-id";

/// The account a request acts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key's account, or the sub-account named by the header.
    pub account: AccountId,
    /// The key's account.
    pub owner: AccountId,
    /// The key.
    pub key: ApiKeyId,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // Without one the route is not in the document: closed, not open.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ApiError::unauthorized("Missing API key"))
    }
}

/// The 404 of a sub-account that is unknown, deleted or somebody else's.
pub(crate) fn unknown_sub_account() -> ApiError {
    ApiError::not_found("Sub-account not found")
}
