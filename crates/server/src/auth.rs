//! Who asks: the bearer key, narrowed by `X-Sub-Account-Id` (contract §0.2, §0.3).
//!
//! A handler that takes [`Caller`] cannot be reached without a valid key, and
//! the account in it is the only one whose things it can name to the store.

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use offhook_model::id::AccountId;
use offhook_store::ApiKeySecret;

use crate::{app::App, error::ApiError};

/// Header that narrows a request to a child account.
pub const SUB_ACCOUNT: &str = "x-sub-account-id";

/// The account a request acts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key's account, or the sub-account named by the header.
    pub account: AccountId,
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = bearer(&parts.headers)?;
        let hash = ApiKeySecret::from_text(key).hash();
        let owner = app.store().authenticate(&hash, app.now()).await?;
        let owner = owner.ok_or_else(|| ApiError::unauthorized("Invalid API key"))?.account_id;
        let Some(child) = sub_account(&parts.headers)? else {
            return Ok(Self { account: owner });
        };
        let child = app.store().sub_account(&owner, &child).await?.ok_or_else(unknown_sub_account)?;
        Ok(Self { account: child.id })
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let missing = || ApiError::unauthorized("Missing API key: send `Authorization: Bearer <key>`");
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?.to_str().map_err(|_| missing())?;
    let (scheme, key) = value.trim().split_once(' ').ok_or_else(missing)?;
    let key = key.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || key.is_empty() {
        return Err(missing());
    }
    Ok(key)
}

/// An empty header counts as absent; one that is no text names nothing we have.
fn sub_account(headers: &HeaderMap) -> Result<Option<AccountId>, ApiError> {
    let Some(value) = headers.get(SUB_ACCOUNT) else { return Ok(None) };
    let value = value.to_str().map_err(|_| unknown_sub_account())?.trim();
    Ok((!value.is_empty()).then(|| value.into()))
}

fn unknown_sub_account() -> ApiError {
    ApiError::not_found("Sub-account not found")
}
