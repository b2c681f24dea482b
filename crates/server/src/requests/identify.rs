//! Whose request it is: the bearer key, narrowed by `X-Sub-Account-Id`
//! (contract §0.2, §0.3).

use http::{HeaderMap, header};
use offhook_model::id::AccountId;
use offhook_store::{ApiKeySecret, Authenticated};

use crate::{
    app::App,
    auth::{Caller, SUB_ACCOUNT, unknown_sub_account},
    error::ApiError,
};

/// The key of a request.
pub(crate) fn key(headers: &HeaderMap) -> Result<ApiKeySecret, ApiError> {
    let missing = || ApiError::unauthorized("Missing API key: send `Authorization: Bearer <key>`");
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?.to_str().map_err(|_| missing())?;
    let (scheme, key) = value.trim().split_once(' ').ok_or_else(missing)?;
    let key = key.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || key.is_empty() {
        return Err(missing());
    }
    Ok(ApiKeySecret::from_text(key))
}

/// Who a key belongs to.
pub(crate) async fn owner(app: &App, key: &ApiKeySecret) -> Result<Authenticated, ApiError> {
    let owner = app.store().authenticate(&key.hash(), app.now()).await?;
    owner.ok_or_else(|| ApiError::unauthorized("Invalid API key"))
}

/// Narrows a request to the sub-account its header names, if it names one.
pub(crate) async fn narrow(app: &App, caller: &mut Caller, headers: &HeaderMap) -> Result<(), ApiError> {
    if let Some(child) = sub_account(headers)? {
        let child = app.store().sub_account(&caller.owner, &child).await?;
        caller.account = child.ok_or_else(unknown_sub_account)?.id;
    }
    Ok(())
}

/// An empty header counts as absent; one that is no text names nothing we have.
fn sub_account(headers: &HeaderMap) -> Result<Option<AccountId>, ApiError> {
    let Some(value) = headers.get(SUB_ACCOUNT) else { return Ok(None) };
    let value = value.to_str().map_err(|_| unknown_sub_account())?.trim();
    Ok((!value.is_empty()).then(|| value.into()))
}
